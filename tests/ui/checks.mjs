// Runs checks, one after the other, and prints a line about each, at the end how many ran.

import { begin } from "./browser.mjs";

export async function run(checks) {
  const house = await begin();
  let [ran, failed] = [0, 0];
  for (const [name, check] of checks) {
    const began = Date.now();
    ran += 1;
    try {
      const figures = (await check(house)) ?? "";
      console.log(`ok      ${name} (${Date.now() - began} ms) ${figures}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}: ${error.stack ?? error}`);
    } finally {
      await house.tidy();
    }
  }
  await house.end();
  console.log(`${ran} checks ran, ${failed} failed`);
  process.exit(failed > 0 || ran === 0 ? 1 : 0);
}
