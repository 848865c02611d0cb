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
    /** @type {{ worker: Worker, busy: Task | null, id: number, broken: Error | null }} */
    const member = { worker: this.begun(), busy: null, id: 0, broken: null };
    member.worker.onmessage = ({ data }) => this.finish(member, data);
    member.worker.onerror = (event) => {
      event.preventDefault();
      this.fail(member, new NoWorkers(event.message || "the worker could not be started"));
    };
    this.give(member, {
      task: "start",
      told: this.given,
      resolve: (isCompiled) => void (this.isCompiled = isCompiled),
      reject: (error) => {
        member.broken = error;
        this.next();
      },
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
    const able = this.members.filter(({ broken }) => !broken);
    for (const member of able) {
      if (!member.busy && this.queue.length) this.give(member, this.queue.shift());
    }
    if (!able.length) this.queue.splice(0).forEach((task) => task.reject(this.members[0].broken));
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

  /** Rejects the task that a worker broke over; another takes its place, unless it didn't even start. */
  fail(member, error) {
    const task = member.busy;
    member.busy = null;
    task?.reject(error);
    if (task?.task !== "start") {
      member.worker.terminate();
      this.members[this.members.indexOf(member)] = this.start();
    }
    this.next();
  }
}
