-- A large city: 10,000 stations, and 100,000 bikes in the street that have each been ridden.
WITH place AS (
    INSERT INTO fleet_station (id, created_at, name, latitude, longitude, capacity)
    SELECT gen_random_uuid(), now(), 'Feed ' || number, 59.9 + random() * 0.06, 30.25 + random() * 0.12, 20
      FROM generate_series(1, 10000) AS number
), model AS (
    SELECT array_agg(id) AS ids FROM fleet_bikemodel
), tariff AS (
    SELECT array_agg(id) AS ids FROM fleet_tariff
)
INSERT INTO fleet_bike (id, created_at, number, model_id, tariff_id, status, latitude, longitude)
SELECT gen_random_uuid(), now(), 'FEED-' || number, model.ids[1 + number % 3], tariff.ids[1 + number % 3], 'available',
       59.9 + random() * 0.06, 30.25 + random() * 0.12
  FROM generate_series(1, 100000) AS number, model, tariff;

INSERT INTO fleet_bikeevent (bike_id, happened_at, event_types, state, latitude, longitude, actor, note)
SELECT id, now() - random() * interval '3 days', ARRAY['trip_end'], 'available', latitude, longitude, 'rider', ''
  FROM fleet_bike WHERE number LIKE 'FEED-%';

ANALYZE;
