// One object store of one IndexedDB database: what is written is there once the promise is kept.

export type Act = (store: IDBObjectStore) => IDBRequest;

export function objectStore(database: string, name: string): (mode: IDBTransactionMode, act: Act) => Promise<unknown> {
  return (mode, act) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(database, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(name);
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const all = opening.result.transaction(name, mode);
        const request = act(all.objectStore(name));
        all.oncomplete = () => {
          opening.result.close();
          resolve(request.result);
        };
        all.onabort = () => {
          opening.result.close();
          reject(all.error);
        };
      };
    });
}
