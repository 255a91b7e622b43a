// A client of the types that openapi-typescript makes of openapi.json.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type ProblemType = components["schemas"]["ProblemType"];

const [baseUrl, token] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const device = await client.POST("/devices", { body: { source: "ts-1", family: "windows81" } });
check(device.data !== undefined, `registered: ${JSON.stringify(device.error)}`);
const id: string = device.data.id;

const again = await client.POST("/devices", { body: { source: "ts-1", family: "windows81" } });
const expected: ProblemType = "/docs/problems.md#already-exists";
check(again.error?.type === expected, `conflict: ${JSON.stringify(again.error)}`);
check(again.error.conflicts_with === id, "the conflict names the device");

const command = await client.POST("/devices/{device}/commands", {
  params: { path: { device: id } },
  body: { type: "inventory", classes: ["Win32_BIOS"] },
});
check(command.data?.state === "queued", `queued: ${JSON.stringify(command.error)}`);

await client.POST("/devices", { body: { source: "ts-2", family: "windows81" } });
let after: string | undefined;
const sources: string[] = [];
do {
  const page = await client.GET("/devices", { params: { query: { limit: 1, after } } });
  check(page.data !== undefined, `listed: ${JSON.stringify(page.error)}`);
  sources.push(...page.data.items.map((item) => item.source));
  after = page.data.next ?? undefined;
} while (after !== undefined);
check(sources.join() === "ts-1,ts-2", `all pages: ${sources.join()}`);
console.log("works");
