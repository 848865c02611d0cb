// Workers that share tasks. What is cancelled stops at once: a worker in the middle of a task is ended,
// and another takes its place.

import { CodecError } from "./errors.js";

/** What waits was cancelled: no fault, and nothing to tell the reader. */
export class Cancelled extends Error {}

/** The browser starts no worker. */
export class NoWorkers extends Error {}

/**
 * @typedef {object} Task
 * @property {string} task one of TASKS in worker.js
 * @property {any} told
 * @property {(found: any) => void} resolve
 * @property {(error: Error) => void} reject
 */

export class Pool {
  /**
   * @param {() => Worker} begin starts a worker
   * @param {any} given to each when it starts, see worker.js
   * @param {number} count
   */
  constructor(begin, given, count) {
    this.begin = begin;
    this.given = given;
    /** Whether they apply layers in WebAssembly, once one has said so. */
    this.isCompiled = false;
    /** @type {Task[]} */
    this.queue = [];
    this.members = Array.from({ length: count }, () => this.start());
  }

  start() {
    const member = { worker: this.begun(), /** @type {Task | null} */ busy: null, id: 0 };
    member.worker.onmessage = ({ data }) => this.finish(member, data);
    member.worker.onerror = (event) => {
      event.preventDefault();
      this.fail(member, new NoWorkers(event.message || "the worker could not be started"));
    };
    this.give(member, {
      task: "start",
      told: this.given,
      resolve: (isCompiled) => void (this.isCompiled = isCompiled),
      reject: (error) => this.queue.splice(0).forEach((task) => task.reject(error)),
    });
    return member;
  }

  begun() {
    try {
      return this.begin();
    } catch (error) {
      throw new NoWorkers(error.message);
    }
  }

  /**
   * @param {string} task @param {any} told is copied to the worker
   * @returns {Promise<any>} what the task finds
   */
  run(task, told) {
    return new Promise((resolve, reject) => {
      this.queue.push({ task, told, resolve, reject });
      this.next();
    });
  }

  /** Rejects all that waits or is being done. */
  cancel() {
    const waiting = this.queue.splice(0);
    this.members = this.members.map((member) => {
      if (!member.busy || member.busy.task === "start") return member;
      waiting.push(member.busy);
      member.worker.terminate();
      return this.start();
    });
    waiting.forEach((task) => task.reject(new Cancelled()));
  }

  next() {
    for (const member of this.members) {
      if (!member.busy && this.queue.length) this.give(member, this.queue.shift());
    }
  }

  give(member, task) {
    member.busy = task;
    member.worker.postMessage({ id: ++member.id, task: task.task, told: task.told });
  }

  finish(member, { id, found, error, isRefused }) {
    if (id !== member.id || !member.busy) return;
    const task = member.busy;
    member.busy = null;
    if (error === undefined) task.resolve(found);
    else task.reject(isRefused ? new CodecError(error) : new Error(error));
    this.next();
  }

  fail(member, error) {
    member.busy?.reject(error);
    member.busy = null;
  }
}
