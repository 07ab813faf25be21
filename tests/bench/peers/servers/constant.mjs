// The floor without anything: a constant of the size that the path names, after the request was read.
import { createServer } from 'node:http';
import { announce } from './records.mjs';

const constants = new Map();
const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    const body = constantOf(Number(request.url.slice(1)));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => announce(server.address().port));

function constantOf(size) {
  if (!constants.has(size)) constants.set(size, Buffer.alloc(size, 'x'));
  return constants.get(size);
}
