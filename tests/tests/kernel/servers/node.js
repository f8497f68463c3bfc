// usage: node server.js ACCESS_LOG PORT ADDRESS...
'use strict';
const fs = require('fs');
const http = require('http');

const [log, port, ...addresses] = process.argv.slice(2);
const out = fs.openSync(log, 'a');

function answer(request, response) {
  // The socket may be gone by the time the body has been read.
  const peer = `${request.socket.remoteAddress} ${request.socket.remotePort}`;
  request.on('data', () => {});
  request.on('end', () => {
    const status = request.url.startsWith('/t/') ? 200 : 404;
    fs.writeSync(out, `${peer} ${request.method} ${request.url} ${status}\n`);
    response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': 3 });
    response.end(request.method === 'HEAD' ? undefined : 'ok\n');
  });
}

for (const address of addresses) {
  const server = http.createServer({ keepAliveTimeout: 300000 }, answer);
  server.listen({ port: Number(port), host: address, ipv6Only: address !== '::' && address.includes(':') });
}
