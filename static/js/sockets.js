/**
 * A WebSocket that comes back when it is lost; `stop` ends it for good.
 * @param {string} path
 * @param {(frame: any) => void} heard
 * @returns {{ stop: () => void, say: (message: object) => boolean, open: Promise<void> }} `say` tells whether it could be said
 */
export function listen(path, heard) {
  let isStopped = false;
  let wait = 500;
  /** @type {WebSocket} */
  let socket;
  let opened = () => {};
  const open = new Promise((/** @type {(value: void) => void} */ resolve) => (opened = () => resolve()));
  const connect = () => {
    socket = new WebSocket(path);
    socket.onopen = () => {
      wait = 500;
      opened();
    };
    socket.onmessage = ({ data }) => heard(JSON.parse(data));
    socket.onclose = ({ code }) => {
      opened();
      if (isStopped || code === 1000 || code >= 4400) return;
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, 15000);
    };
  };
  connect();
  return {
    open,
    say: (message) => {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    stop: () => {
      isStopped = true;
      socket.close();
    },
  };
}
