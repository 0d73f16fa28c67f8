// A ride with the generated client. The compiler holds the types to it, the server their truth.
import { Api, type Bike, type HttpResponse, type Problem, type Tariff } from "./client.js";

declare const process: { argv: string[] };

const [base, email] = process.argv.slice(2) as [string, string];
const password = "correct-horse-7";
const api = new Api<string>({
  baseUrl: `${base}/api/v1`,
  securityWorker: (access) => (access ? { headers: { Authorization: `Bearer ${access}` } } : {}),
});

function expect<T>(found: T, wanted: T): void {
  if (found !== wanted) throw new Error(`expected ${String(wanted)}, found ${String(found)}`);
}

async function refused(call: Promise<HttpResponse<unknown, Problem>>): Promise<Problem> {
  const answer: HttpResponse<unknown, Problem> = await call.catch((refusal) => refusal);
  if (answer.ok) throw new Error("expected a refusal");
  return answer.error;
}

function stationName(bike: Bike): string {
  // @ts-expect-error: the station may be null, and the compiler must know
  const name: string = bike.station.name;
  return name;
}

// @ts-expect-error: codes are enumerated
export const noCode: Problem["code"] = "no_such_code";

const cap = (tariff: Tariff): string | null => tariff.daily_cap; // always there: no undefined

const profile = await api.auth.authRegister({ name: "Rider", email, password });
expect(profile.data.email, email);

const wrong = await refused(api.auth.authTokenCreate({ email, password: "another" }));
expect(wrong.code, "credentials_invalid");

const pair = await api.auth.authTokenCreate({ email, password });
api.setSecurityData(pair.data.access);

const page = await api.bikes.bikesList({ page_size: 2 });
const [atStation, alone] = page.data.results as [Bike, Bike];
expect(stationName(atStation), "Palace Square");
expect(alone.station, null);
expect(cap(alone.tariff), null);

const ride = await api.rentals.rentalsCreate({ bike_number: alone.number });
expect(ride.status, 201);
expect(ride.data.start_station, null);
expect(ride.data.ended_at, null);

const second = await refused(api.rentals.rentalsCreate({ bike: atStation.id }));
expect(second.code, "rental_in_progress");
expect(second.errors, undefined);

const neither = await refused(api.rentals.rentalsCreate({}));
expect(neither.errors?.[0]?.code, "invalid");

const current = await api.rentals.rentalsCurrentRead();
expect(current.data.id, ride.data.id);

const returned = await api.rentals.rentalsReturn(ride.data.id, { station: atStation.station?.id ?? null });
expect(returned.data.status, "returned");
expect(returned.data.end_station?.name, "Palace Square");

const history = await api.rentals.rentalsList();
expect(history.data.results.length, 1);
expect(history.data.results[0]?.cost.final, false);

expect((await refused(api.rentals.rentalsCurrentRead())).code, "no_active_rental");
