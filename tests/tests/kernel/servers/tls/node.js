// usage: node SCRIPT https|http2 CERTIFICATE KEY PORT ADDRESS...
'use strict';
const fs = require('fs');
const http2 = require('http2');
const https = require('https');

const [module_, certificate, key, port, ...addresses] = process.argv.slice(2);
const statuses = [200, 201, 404, 410, 502];

function answer(request, response) {
  let length = 0;
  request.on('data', (data) => { length += data.length; });
  request.on('end', () => {
    const [, kind, word] = request.url.split('/');
    const reply = (status, body) => {
      response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
    };
    if (kind === 'id') return reply(statuses[Number(word) % 5], `id ${word}\n`);
    if (kind === 'length') return reply(200, `length ${length}\n`);
    if (kind === 'big') return reply(200, '0123456789abcdef'.repeat(Number(word) / 16));
    if (kind !== 'chunked') return reply(400, 'not known\n');
    response.writeHead(200);
    for (let n = 0; n < 10; n += 1) response.write(`chunk ${n}\n`);
    return response.end();
  });
}

// Sends back what comes. The answer is the one to the key of RFC 6455 section 1.3, which the client uses.
function upgrade(request, socket, head) {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    + 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n');
  socket.write(head);
  socket.on('error', () => {});
  socket.pipe(socket);
}

const options = {
  cert: fs.readFileSync(certificate), key: fs.readFileSync(key), allowHTTP1: true, keepAliveTimeout: 300000,
};
for (const address of addresses) {
  const server = module_ === 'http2' ? http2.createSecureServer(options, answer) : https.createServer(options, answer);
  server.keepAliveTimeout = 300000;
  server.on('upgrade', upgrade);
  server.listen({ port: Number(port), host: address, ipv6Only: address !== '::' && address.includes(':') });
}
