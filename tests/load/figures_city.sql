-- A large city for `make bench ARGS=figures`, without its rides. Their model, tariff and bikes have known places in
-- three temporary tables, by number.
INSERT INTO users_user (id, created_at, password, email, name, language, is_active, is_staff, is_superuser)
SELECT gen_random_uuid(), now(), '!', 'bench-' || number || '@example.org', 'Bench', 'en', true, false, false
  FROM generate_series(1, 1000) AS number;
INSERT INTO fleet_bikemodel (id, created_at, name, propulsion, max_range_m)
SELECT gen_random_uuid(), now(), name, 'human', 50000 FROM unnest(ARRAY['City', 'Cargo', 'Sprint']) AS name;
INSERT INTO fleet_tariff (
    id, created_at, name, currency, unlock_fee, per_minute, free_minutes, overdue_after_minutes
) VALUES (gen_random_uuid(), now(), 'Basic', 'RUB', 50, 5, 0, 1440);
INSERT INTO fleet_station (id, created_at, name, latitude, longitude, capacity)
SELECT gen_random_uuid(), now(), 'Station ' || number, 59.93, 30.31, 30 FROM generate_series(1, 400) AS number;
INSERT INTO fleet_bike (id, created_at, number, model_id, tariff_id, status, latitude, longitude)
SELECT gen_random_uuid(), now() - interval '366 days', 'BENCH-' || number, (SELECT array_agg(id) FROM fleet_bikemodel) [1 + number % 3],
       (SELECT id FROM fleet_tariff LIMIT 1), 'available', 59.93, 30.31
  FROM generate_series(1, 10000) AS number;
INSERT INTO fleet_bikeevent (bike_id, happened_at, event_types, state, latitude, longitude, actor, note)
SELECT id, created_at, ARRAY['provider_drop_off'], 'available', latitude, longitude, 'system', '' FROM fleet_bike;
INSERT INTO billing_account (id, created_at, kind, rider_id, currency)
SELECT gen_random_uuid(), now(), 'rider', id, 'RUB' FROM users_user
 UNION ALL
SELECT gen_random_uuid(), now(), 'revenue', NULL, 'RUB';
CREATE TEMPORARY TABLE bench_bike AS SELECT (row_number() OVER ())::integer AS number, id FROM fleet_bike;
CREATE TEMPORARY TABLE bench_rider AS
    SELECT (row_number() OVER ())::integer AS number, rider_id AS id, id AS account_id
      FROM billing_account WHERE kind = 'rider';
CREATE TEMPORARY TABLE bench_station AS SELECT (row_number() OVER ())::integer AS number, id FROM fleet_station;
ANALYZE;
