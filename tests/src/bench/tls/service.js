// A small JSON service over TLS with nothing but Node's own library: node service.js PORT CERTIFICATE KEY
const fs = require("fs");
const https = require("https");

const [port, cert, key] = process.argv.slice(2);
const options = { cert: fs.readFileSync(cert), key: fs.readFileSync(key), keepAliveTimeout: 300000 };
const items = [1, 2, 3, 4].map((id) => ({ id, name: `item ${id}` }));
https
  .createServer(options, (request, response) => {
    const body = JSON.stringify({ path: request.url, items });
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  })
  .listen(Number(port), "127.0.0.1");
