// The floor: a bare server that answers with a constant of the size it is told, after reading the request.
import { createServer } from 'node:http';

const constant = Buffer.alloc(Number(process.argv[2]), 'x');
const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': constant.length });
    response.end(constant);
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit(0));
