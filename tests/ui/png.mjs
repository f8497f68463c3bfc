// Pictures with 256 colours: pages have few, and what is between them is soft edges of letters. A third of the bytes.

import { deflateSync, inflateSync } from "node:zlib";
import { assert } from "./browser.mjs";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
/// Colours a palette holds.
const COLOURS = 256;

/// A PNG as Chromium makes it (PNG 3, 8 bits a channel, not interlaced) as one with a palette.
export function small(png) {
  const { width, height, pixels } = decoded(png);
  const counted = new Map();
  for (const colour of pixels) counted.set(colour, (counted.get(colour) ?? 0) + 1);
  const palette = chosen([...counted].sort((a, b) => b[1] - a[1]).map(([colour]) => colour));
  const nearest = new Map(palette.map((colour, at) => [colour, at]));
  for (const colour of counted.keys()) if (!nearest.has(colour)) nearest.set(colour, near(colour, palette));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = nearest.get(pixels[y * width + x]);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("PLTE", colours), chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

/// One of each shade first, so that a few green letters stay green; then what there is most of. `colours`: the most frequent first.
function chosen(colours) {
  const shades = new Map();
  for (const colour of colours) {
    const shade = colour & 0xf0f0f0;
    if (!shades.has(shade)) shades.set(shade, colour);
  }
  return [...new Set([...[...shades.values()].slice(0, COLOURS), ...colours])].slice(0, COLOURS);
}

function near(colour, palette) {
  let [best, least] = [0, Infinity];
  palette.forEach((other, at) => {
    const apart = [16, 8, 0].reduce((sum, shift) => sum + (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0);
    if (apart < least) [best, least] = [at, apart];
  });
  return best;
}

function chunk(kind, data) {
  const named = Buffer.concat([Buffer.from(kind), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(checked(named));
  return Buffer.concat([length, named, sum]);
}

/// The checksum of a chunk (PNG 3, annex D).
function checked(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/// Pixels as 0xRRGGBB. What is transparent is not: pages have a background.
function decoded(png) {
  assert(png.subarray(0, 8).equals(SIGNATURE), "this is no PNG");
  const data = [];
  let header;
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") header = body;
    if (kind === "IDAT") data.push(body);
    at += length + 12;
  }
  const [width, height, depth, type, interlaced] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9], header[12]];
  assert(depth === 8 && (type === 2 || type === 6) && interlaced === 0, `a PNG of the kind ${depth} ${type} ${interlaced}`);
  const channels = type === 2 ? 3 : 4;
  const rows = inflateSync(Buffer.concat(data));
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(width * channels);
  for (let y = 0; y < height; y += 1) {
    const start = y * (width * channels + 1);
    const row = rows.subarray(start + 1, start + 1 + width * channels);
    unfilter(row, above, rows[start], channels);
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = (row[x * channels] << 16) | (row[x * channels + 1] << 8) | row[x * channels + 2];
    above = row;
  }
  return { width, height, pixels };
}

/// Undoes a row's filter (PNG 3, section 9).
function unfilter(row, above, filter, channels) {
  for (let at = 0; at < row.length; at += 1) {
    const [left, up, corner] = [row[at - channels] ?? 0, above[at], above[at - channels] ?? 0];
    row[at] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
  }
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(guess - value));
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
