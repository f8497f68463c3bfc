// Pictures for docs/investigating.md and the README: only where PICKET_UI_PICTURES names a directory.

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { small } from "./png.mjs";

const directory = process.env.PICKET_UI_PICTURES;
/// Pixels between what a picture is of and its edge.
const MARGIN = 12;

/// The window that pictures are taken in: as wide as docs show it.
export const WINDOW = { viewport: { width: 1280, height: 800 }, colorScheme: "light", reducedMotion: "reduce", timezoneId: "UTC", locale: "en-GB" };

/// A picture of what stands in the window, down to `height`; or of pieces of the page, all in one.
export async function picture(page, name, pieces = [], { height, dark } = {}) {
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  await page.evaluate(() => document.activeElement?.blur());
  await page.mouse.move(0, 0);
  const clip = pieces.length > 0 ? await around(page, pieces, height) : { x: 0, y: 0, width: 1280, height: height ?? 800 };
  const take = async (as) => {
    const taken = await page.screenshot({ clip, fullPage: true, animations: "disabled", caret: "hide" });
    await writeFile(path.join(directory, `${as}.png`), small(taken));
  };
  await take(name);
  if (!dark) return;
  await page.emulateMedia({ colorScheme: "dark" });
  await take(`${name}-dark`);
  await page.emulateMedia({ colorScheme: "light" });
}

async function around(page, pieces, height = Infinity) {
  await page.evaluate(() => scrollTo(0, 0));
  const boxes = [];
  for (const piece of pieces) boxes.push(await piece.first().boundingBox());
  const left = Math.max(0, Math.min(...boxes.map((box) => box.x)) - MARGIN);
  const top = Math.max(0, Math.min(...boxes.map((box) => box.y)) - MARGIN);
  const right = Math.min(1280, Math.max(...boxes.map((box) => box.x + box.width)) + MARGIN);
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + MARGIN;
  return { x: left, y: top, width: right - left, height: Math.min(bottom - top, height) };
}
