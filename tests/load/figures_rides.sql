-- The rides of one part of the time, one for each bike, by day more often than by night. Half of the stations have
-- three in four of the rides; one in ten begins or ends in the street.
WITH drawn AS MATERIALIZED (
    SELECT id AS bike_id, 1 + (number * 7 + %(part)s) %% 1000 AS rider,
           %(begin)s + random() * (%(span)s - interval '45 minutes') AS one,
           %(begin)s + random() * (%(span)s - interval '45 minutes') AS other,
           make_interval(mins => 3 + (random() * 37)::integer) AS length,
           1 + (440 * random() ^ 2)::integer AS start, 1 + (440 * random() ^ 2)::integer AS goal
      FROM bench_bike
), chosen AS (
    SELECT bike_id, rider.id AS rider_id, length, start.id AS start_id, goal.id AS goal_id,
           CASE WHEN abs(15 - extract(hour FROM one)) < abs(15 - extract(hour FROM other)) THEN one ELSE other END
               AS started_at
      FROM drawn
      JOIN bench_rider AS rider ON rider.number = drawn.rider
      LEFT JOIN bench_station AS start ON start.number = drawn.start
      LEFT JOIN bench_station AS goal ON goal.number = drawn.goal
), ride AS (
    INSERT INTO rentals_rental (
        id, created_at, rider_id, bike_id, status, started_at, ended_at, start_station_id, end_station_id, tariff_id,
        tariff_name, currency, unlock_fee, per_minute, free_minutes, overdue_after_minutes, settled_at, cost_amount,
        cost_lines
    )
    SELECT gen_random_uuid(), started_at, rider_id, bike_id, 'settled', started_at, started_at + length, start_id,
           goal_id, (SELECT id FROM fleet_tariff LIMIT 1), 'Basic', 'RUB', 50, 5, 0, 1440, started_at + length, 145,
           '[]'
      FROM chosen ORDER BY started_at
    RETURNING id, bike_id, rider_id, started_at, ended_at
), moves AS (
    INSERT INTO fleet_bikeevent (
        bike_id, happened_at, event_types, state, latitude, longitude, rental_id, actor, note
    )
    SELECT bike_id, happened_at, ARRAY[event_type], state, 59.93, 30.31, id, 'rider', ''
      FROM ride
      CROSS JOIN LATERAL (VALUES (started_at, 'trip_start', 'rented'), (ended_at, 'trip_end', 'available'))
           AS move (happened_at, event_type, state)
     WHERE %(is_whole)s ORDER BY happened_at
), entry AS (
    INSERT INTO billing_entry (id, created_at, kind, rental_id, key, reason)
    SELECT (lpad(to_hex(floor(extract(epoch FROM ended_at) * 1000)::bigint), 12, '0') || '7'
            || substr(md5(id::text), 1, 3) || '8' || substr(md5(id::text), 4, 15))::uuid,
           ended_at, 'charge', id, 'charge:' || id, ''
      FROM ride WHERE %(is_whole)s ORDER BY ended_at
    RETURNING id, rental_id
)
INSERT INTO billing_posting (entry_id, account_id, amount)
SELECT entry.id, account.id, account.amount
  FROM entry JOIN ride ON ride.id = entry.rental_id
  CROSS JOIN LATERAL (
      SELECT account_id, 145 FROM bench_rider WHERE bench_rider.id = ride.rider_id
       UNION ALL
      SELECT id, -145 FROM billing_account WHERE kind = 'revenue'
  ) AS account (id, amount)
