-- One ride's own statements, as the API sends them, without Django around: the most that the
-- database alone would do. The first statement only picks rider and bike.
\set rider :client_id + 16 * random(0, :riders - 1)
\set bike :client_id + 16 * random(0, :bikes - 1)
SELECT r.id AS rider_id, r.session_id, b.id AS bike_id, b.tariff_id, gen_random_uuid() AS rental_id FROM bench_rider r, bench_bike b WHERE r.number = :rider AND b.number = :bike \gset
SELECT u.* FROM users_user u JOIN users_session s ON s.user_id = u.id WHERE u.id = :rider_id AND u.is_active AND s.id = :session_id AND s.ended_at IS NULL;
BEGIN;
SELECT 1 FROM users_user WHERE id = :rider_id AND is_active FOR NO KEY UPDATE;
SELECT b.*, t.* FROM fleet_bike b JOIN fleet_tariff t ON t.id = b.tariff_id WHERE b.id = :bike_id FOR NO KEY UPDATE OF b;
UPDATE fleet_bike SET status = 'rented', station_id = NULL WHERE id = :bike_id AND status = 'available';
INSERT INTO rentals_rental (id, created_at, rider_id, bike_id, status, started_at, tariff_id, tariff_name, currency, unlock_fee, per_minute, free_minutes, overdue_after_minutes) VALUES (:rental_id, now(), :rider_id, :bike_id, 'active', now(), :tariff_id, 'pgbench', 'RUB', 50, 5, 0, 1440);
INSERT INTO rentals_rentalevent (rental_id, kind, happened_at, actor_id, reason) VALUES (:rental_id, 'started', now(), :rider_id, '');
COMMIT;
SELECT u.* FROM users_user u JOIN users_session s ON s.user_id = u.id WHERE u.id = :rider_id AND u.is_active AND s.id = :session_id AND s.ended_at IS NULL;
BEGIN;
SELECT * FROM rentals_rental WHERE id = :rental_id AND rider_id = :rider_id FOR NO KEY UPDATE;
UPDATE rentals_rental SET status = 'returned', ended_at = now() WHERE id = :rental_id AND status = 'active';
UPDATE fleet_bike SET status = 'available' WHERE id = :bike_id;
INSERT INTO rentals_rentalevent (rental_id, kind, happened_at, actor_id, reason) VALUES (:rental_id, 'returned', now(), :rider_id, '');
COMMIT;
