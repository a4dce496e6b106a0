import { describe, expect, test } from "vitest";
import { Topic } from "../../src/async/topic.ts";

function recording() {
  const faults: unknown[] = [];
  const topic = new Topic<string>((error, event) => void faults.push([error, event]));
  return { topic, faults };
}

describe("Topic", () => {
  test("tells every listener, in the order of their coming", () => {
    const { topic } = recording();
    const heard: string[] = [];
    topic.subscribe((event) => void heard.push(`1 ${event}`));
    topic.subscribe((event) => void heard.push(`2 ${event}`));
    topic.publish("a");
    expect(heard).toEqual(["1 a", "2 a"]);
  });

  test("is watched while somebody listens", () => {
    const { topic } = recording();
    expect(topic.isWatched).toBe(false);
    const leave = topic.subscribe(() => {});
    const leaveToo = topic.subscribe(() => {});
    leave();
    leave();
    expect(topic.isWatched).toBe(true);
    leaveToo();
    expect(topic.isWatched).toBe(false);
    topic.publish("nobody");
  });

  test("knows a listener that came twice as two", () => {
    const { topic } = recording();
    let count = 0;
    const listener = (): void => void count++;
    const leave = topic.subscribe(listener);
    topic.subscribe(listener);
    topic.publish("a");
    leave();
    topic.publish("b");
    expect(count).toBe(3);
  });

  test("lets listeners come and go, and publish, while an event is told", () => {
    const { topic } = recording();
    const heard: string[] = [];
    const leave = topic.subscribe((event) => {
      heard.push(`1 ${event}`);
      leave();
      topic.subscribe((later) => void heard.push(`3 ${later}`));
      topic.publish("b");
    });
    topic.subscribe((event) => void heard.push(`2 ${event}`));
    topic.publish("a");
    expect(heard).toEqual(["1 a", "2 b", "3 b", "2 a"]);
  });

  test("a listener that throws disturbs neither who publishes nor the others", () => {
    const { topic, faults } = recording();
    const heard: string[] = [];
    const error = new Error("broken");
    topic.subscribe(() => {
      throw error;
    });
    topic.subscribe((event) => void heard.push(event));
    topic.publish("a");
    expect(heard).toEqual(["a"]);
    expect(faults).toEqual([[error, "a"]]);
  });

  test("survives what is told of faults throwing too", () => {
    const topic = new Topic<string>(() => {
      throw new Error("no log");
    });
    topic.subscribe(() => {
      throw new Error("broken");
    });
    expect(() => topic.publish("a")).not.toThrow();
  });

  test("tells a channel outside, if it has subscribers", () => {
    const { topic, faults } = recording();
    const heard: unknown[] = [];
    const outside = { hasSubscribers: false, publish: (message: unknown) => void heard.push(message) };
    topic.outside = outside;
    expect(topic.isWatched).toBe(false);
    topic.publish("a");
    outside.hasSubscribers = true;
    expect(topic.isWatched).toBe(true);
    topic.publish("b");
    outside.publish = () => {
      throw new Error("broken");
    };
    topic.publish("c");
    expect(heard).toEqual(["b"]);
    expect(faults).toHaveLength(1);
  });
});
