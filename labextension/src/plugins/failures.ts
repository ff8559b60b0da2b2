/** A command that fails says so once, in the server's own sentence. */
import { Notification } from '@jupyterlab/apputils';

import { sentenceOf } from '../api/errors';

export async function shown<T>(act: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    Notification.error(sentenceOf(error), { autoClose: false });
    console.error(error);
    return undefined;
  }
}
