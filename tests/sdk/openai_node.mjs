// Drives a running gateway, on tests/fixtures/sdk.yaml, with the official OpenAI client for Node.
// Its cases are those of openai_python.py, its environment is that of cases.py.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { OpenAI } = createRequire(new URL('../../.tools/node/', import.meta.url))('openai');

const { TOLLGATE_BASE_URL, TOLLGATE_KEY, TOLLGATE_NARROW_KEY, TOLLGATE_TINY_KEY, SDK_PROVIDER } = process.env;
assert(TOLLGATE_BASE_URL && TOLLGATE_KEY, 'set TOLLGATE_BASE_URL and TOLLGATE_KEY');

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city.',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
      additionalProperties: false,
    },
  },
};

const TOOLS = [
  WEATHER,
  {
    type: 'function',
    function: {
      name: 'get_time',
      strict: true,
      parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
    },
  },
];
// Targets by the names of their models, which end in the name of a script.
const MODELS = {
  claude: 'claude-sonnet-4-5-',
  bedrock: 'eu.anthropic.claude-sonnet-4-5-',
  compatible: 'gpt-5-',
  azure: 'azure-gpt-5-',
  gemini: 'gemini-3-pro-',
};
const OTHERS = ['claude', 'bedrock'];
// What the scripted provider says, if it is there.
const { scripts, usage: used } = SDK_PROVIDER ? await (await fetch(`${SDK_PROVIDER}/scripts`)).json() : {};

// No retries: a test that needs a second try should fail.
const connect = (apiKey) => new OpenAI({ baseURL: TOLLGATE_BASE_URL, apiKey, maxRetries: 0, timeout: 30_000 });
const client = connect(TOLLGATE_KEY);

class Skip extends Error {}
const need = (key) => {
  if (!key) throw new Skip();
};
const user = (content) => [{ role: 'user', content }];
const minute = () => Math.floor(Date.now() / 60_000);
const chat = (body, options) => client.chat.completions.create({ model: 'demo', messages: user('ping-42'), ...body }, options);
const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

async function all(stream) {
  const items = [];
  for await (const item of await stream) items.push(item);
  return items;
}

function checkUsage(usage) {
  assert(usage?.prompt_tokens > 0 && usage.completion_tokens > 0, JSON.stringify(usage));
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

async function checkToolCall(done) {
  assert.equal(done.choices[0].finish_reason, 'tool_calls');
  const { role, content, tool_calls } = done.choices[0].message;
  assert.equal(tool_calls[0].function.name, 'get_weather');
  const { city, days } = JSON.parse(tool_calls[0].function.arguments);
  assert(typeof city === 'string' && Number.isInteger(days), tool_calls[0].function.arguments);

  const results = tool_calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: 'sunny' }));
  const messages = [...user('weather?'), { role, content, tool_calls }, ...results];
  const second = await chat({ messages, tools: [WEATHER] });
  assert.equal(second.choices[0].finish_reason, 'stop');
  assert(second.choices[0].message.content, 'no text');
}

// A completion of a scripted target, put together from its chunks if it is streamed: the client's helper knows
// neither thoughts nor calls without a number.
async function complete(target, name, stream, body) {
  const request = { model: MODELS[target] + name, ...body };
  if (!stream) return chat(request);
  const chunks = await all(chat({ ...request, stream: true, stream_options: { include_usage: true } }));
  const message = { role: 'assistant', content: null };
  let finish_reason;
  for (const { delta, finish_reason: reason } of chunks.flatMap((chunk) => chunk.choices)) {
    finish_reason ??= reason;
    for (const field of ['content', 'refusal', 'reasoning_content']) {
      if (delta[field]) message[field] = (message[field] ?? '') + delta[field];
    }
    for (const { index, ...block } of delta.thinking_blocks ?? []) (message.thinking_blocks ??= [])[index] = block;
    for (const { index, ...call } of delta.tool_calls ?? []) {
      message.tool_calls ??= [];
      const known = message.tool_calls[index ?? message.tool_calls.length];
      if (known) known.function.arguments += call.function.arguments;
      else message.tool_calls.push(call);
    }
  }
  return { id: chunks.at(-1).id, choices: [{ message, finish_reason }], usage: chunks.at(-1).usage };
}

// A completion that is a script's answer.
function checkAnswer(target, done, answer) {
  const [{ message, finish_reason }] = done.choices;
  const text = (...kinds) => answer.blocks.filter((block) => kinds.includes(block.is)).map((block) => block.text).join('');
  const isOther = OTHERS.includes(target);
  assert.equal(message.content ?? '', isOther ? text('Text', 'Refusal') : text('Text'));
  assert.equal(message.reasoning_content ?? '', text('Thought'));
  const calls = (message.tool_calls ?? []).map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  const said = answer.blocks.filter((block) => block.is === 'Call').map((call) => [call.name, call.arguments]);
  assert.deepEqual(calls, said);
  const signed = {
    Thought: ({ text, signature }) => ({ type: 'thinking', thinking: text, signature }),
    Redacted: ({ data }) => ({ type: 'redacted_thinking', data }),
  };
  if (isOther) {
    const thoughts = answer.blocks.flatMap((block) => signed[block.is]?.(block) ?? []);
    assert.deepEqual(message.thinking_blocks ?? [], thoughts);
  }
  // Gemini says that it stopped, whatever it calls.
  const tools = target === 'gemini' ? 'stop' : 'tool_calls';
  const reasons = { tools, length: 'length', refused: isOther ? 'content_filter' : 'stop' };
  assert.equal(finish_reason, reasons[answer.finish] ?? 'stop');
  assert.match(done.id, /^chatcmpl-/);
  checkUsage(done.usage);
  assert.equal(done.usage.prompt_tokens_details.cached_tokens, used.cached);
}

// All turns of a script, plain and streamed: each answer goes back with the results of its calls.
async function play(target, name, body) {
  for (const stream of [false, true]) {
    let messages = user('What is the weather?');
    for (const answer of scripts[name]) {
      const done = await complete(target, name, stream, { messages, ...body });
      checkAnswer(target, done, answer);
      const { message } = done.choices[0];
      const results = (message.tool_calls ?? []).map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'sunny' }));
      messages = [...messages, message, ...(results.length ? results : user('And again?'))];
    }
  }
}

// Cases of the scripted provider, one for each target.
function scripted(name, targets, run) {
  const one = (target) => [`${target}: ${name}`, async () => (need(SDK_PROVIDER), run(target))];
  return Object.fromEntries(targets.map(one));
}

// The error, if it is of the client's own class.
async function refused(kind, call, { code, param } = {}) {
  const error = await call().then(
    () => assert.fail(`no ${kind.name}`),
    (error) => error,
  );
  assert.equal(error.constructor, kind, `${error.constructor.name} ${error.message}, expected ${kind.name}`);
  assert(error.message, 'no message');
  if (code) assert.equal(error.code, code);
  if (param) assert.equal(error.param, param);
  return error;
}

const CASES = {
  'models: the list': async () => {
    const ids = (await all(client.models.list())).map((model) => model.id);
    for (const id of ['demo', 'demo-fallback', 'text-embedding-demo']) assert(ids.includes(id), ids.join());
  },
  'models: one, and one that is not there': async () => {
    assert.equal((await client.models.retrieve('demo')).id, 'demo');
    await refused(OpenAI.NotFoundError, () => client.models.retrieve('no-such-model'), { code: 'model_not_found' });
  },
  'models: a narrow key sees its own': async () => {
    need(TOLLGATE_NARROW_KEY);
    const models = await all(connect(TOLLGATE_NARROW_KEY).models.list());
    assert.deepEqual(models.map((model) => model.id), ['demo']);
  },
  chat: async () => {
    const done = await chat();
    assert.equal(done.object, 'chat.completion');
    assert.equal(done.choices[0].finish_reason, 'stop');
    assert.equal(done.choices[0].message.role, 'assistant');
    assert.match(done.choices[0].message.content, /ping-42/);
    checkUsage(done.usage);
    assert(done._request_id, 'no request id');
  },
  'chat: several choices': async () => {
    const done = await chat({ n: 2 });
    assert.deepEqual(done.choices.map((choice) => choice.index), [0, 1]);
    assert(done.choices.every((choice) => choice.message.content));
  },
  'chat: JSON mode': async () => {
    const done = await chat({ messages: user('{"ping": 42}'), response_format: { type: 'json_object' } });
    assert(done.choices[0].message.content);
  },
  'chat: an image': async () => {
    const content = [{ type: 'text', text: 'what-is-this' }, { type: 'image_url', image_url: { url: PIXEL } }];
    const done = await chat({ messages: user(content) });
    assert.match(done.choices[0].message.content, /what-is-this/);
  },
  'chat: a field that nobody knows yet': async () => {
    assert((await chat({ field_of_tomorrow: { a: 1 } })).choices[0].message.content);
  },
  'stream: no usage that was not asked for': async () => {
    const chunks = await all(chat({ stream: true }));
    assert(chunks.every((chunk) => chunk.choices.length > 0), 'a chunk without choices');
    assert(!chunks.some((chunk) => chunk.usage), 'usage');
    assert.match(textOf(chunks), /ping-42/);
    assert.deepEqual(chunks.map((chunk) => chunk.choices[0].finish_reason).filter(Boolean), ['stop']);
  },
  'stream: usage at the end when it was': async () => {
    const chunks = await all(chat({ stream: true, stream_options: { include_usage: true } }));
    const last = chunks.pop();
    assert(chunks.every((chunk) => chunk.choices.length > 0 && !chunk.usage), 'usage before the end');
    assert.match(textOf(chunks), /ping-42/);
    assert.deepEqual(last.choices, []);
    checkUsage(last.usage);
  },
  'tools: a call, then its result': async () => {
    await checkToolCall(await chat({ messages: user('weather?'), tools: [WEATHER] }));
  },
  'tools: a streamed call, put together by the client': async () => {
    const stream = client.chat.completions.stream({ model: 'demo', messages: user('weather?'), tools: [WEATHER] });
    await checkToolCall(await stream.finalChatCompletion());
  },
  "embeddings: as floats and as the client's default": async () => {
    for (const more of [{}, { encoding_format: 'float' }]) {
      const done = await client.embeddings.create({ model: 'text-embedding-demo', input: ['one', 'two'], ...more });
      assert.deepEqual(done.data.map((item) => item.index), [0, 1]);
      assert(done.data.every((item) => item.embedding.length > 0 && Number.isFinite(item.embedding[0])));
      assert(done.usage.prompt_tokens > 0);
    }
  },
  'completions: plain': async () => {
    const done = await client.completions.create({ model: 'demo', prompt: 'ping-42' });
    assert.equal(done.object, 'text_completion');
    assert.match(done.choices[0].text, /ping-42/);
    checkUsage(done.usage);
  },
  'completions: streamed': async () => {
    const chunks = await all(client.completions.create({ model: 'demo', prompt: 'ping-42', stream: true }));
    assert(chunks.every((chunk) => chunk.choices.length > 0), 'a chunk without choices');
    assert.match(chunks.map((chunk) => chunk.choices[0].text).join(''), /ping-42/);
  },
  'headers: who answered, and what is left': async () => {
    const { response } = await chat().withResponse();
    const header = (name) => response.headers.get(name);
    assert(header('x-request-id') && header('x-tollgate-target'));
    assert.equal(header('x-tollgate-attempts'), '1');
    for (const what of ['requests', 'tokens']) {
      const [limit, left] = ['limit', 'remaining'].map((kind) => Number(header(`x-ratelimit-${kind}-${what}`)));
      assert(left >= 0 && left < limit, `${left} of ${limit} ${what}`);
      assert(header(`x-ratelimit-reset-${what}`));
    }
  },
  'fallback: the second target answers, plain and streamed': async () => {
    const plain = await chat({ model: 'demo-fallback' }).withResponse();
    // The first target is over its limit, and once that is known it is left alone for a while.
    assert.equal(plain.response.headers.get('x-tollgate-target'), 'mock/*');
    assert.match(plain.data.choices[0].message.content, /ping-42/);
    const streamed = await chat({ model: 'demo-fallback', stream: true }).withResponse();
    assert.equal(streamed.response.headers.get('x-tollgate-target'), 'mock/*');
    assert.match(textOf(await all(streamed.data)), /ping-42/);
  },
  'refused: a bad key': async () => {
    const wrong = TOLLGATE_KEY.slice(0, -1) + (TOLLGATE_KEY.endsWith('a') ? 'b' : 'a');
    for (const key of ['not-a-key', wrong]) {
      const call = () => connect(key).chat.completions.create({ model: 'demo', messages: user('hello') });
      assert.equal((await refused(OpenAI.AuthenticationError, call, { code: 'invalid_api_key' })).status, 401);
    }
  },
  'refused: an unknown alias': async () => {
    await refused(OpenAI.NotFoundError, () => chat({ model: 'no-such-model' }), { code: 'model_not_found' });
  },
  "refused: an alias that is not the key's": async () => {
    need(TOLLGATE_NARROW_KEY);
    const ask = (model) => connect(TOLLGATE_NARROW_KEY).chat.completions.create({ model, messages: user('hello') });
    assert((await ask('demo')).choices.length);
    await refused(OpenAI.PermissionDeniedError, () => ask('demo-fallback'));
  },
  'refused: negative max_tokens': async () => {
    await refused(OpenAI.BadRequestError, () => chat({ max_tokens: -1 }), { param: 'max_tokens' });
  },
  'provider: its rate limit, with when to come back': async () => {
    const error = await refused(OpenAI.RateLimitError, () => chat({ model: 'fail-rate-limit' }));
    assert(Number(error.headers.get('retry-after')) > 0);
  },
  'provider: its failure': async () => {
    assert((await refused(OpenAI.InternalServerError, () => chat({ model: 'fail-server' }))).status >= 500);
  },
  'provider: its refusal of the request': async () => {
    await refused(OpenAI.BadRequestError, () => chat({ model: 'fail-bad-request' }));
  },
  'provider: a failure before a stream has begun': async () => {
    await refused(OpenAI.RateLimitError, () => chat({ model: 'fail-rate-limit', stream: true }));
  },
  'provider: a stream that breaks off never ends in silence': async () => {
    let text = '';
    await refused(OpenAI.APIError, async () => {
      const stream = await chat({ model: 'fail-truncated', stream: true });
      for await (const chunk of stream) text += chunk.choices[0].delta.content ?? '';
    });
    assert(text, 'no text before the error');
  },
  ...scripted('text, over several turns', ['claude', 'bedrock', 'compatible', 'azure'], (target) => play(target, 'chat')),
  ...scripted('tools, over several turns', ['claude', 'bedrock', 'compatible', 'azure'], (target) =>
    play(target, 'tools', { tools: TOOLS })),
  ...scripted('three calls at once, one without arguments', ['claude', 'bedrock', 'compatible', 'azure'], (target) =>
    play(target, 'parallel', { tools: TOOLS })),
  ...scripted('thinking, signed and brought back unchanged', OTHERS, (target) =>
    play(target, 'thinking', { tools: TOOLS, reasoning_effort: 'low' })),
  ...scripted('signed calls, brought back', ['gemini'], (target) => play(target, 'signed', { tools: TOOLS })),
  ...scripted('a streamed call, put together by the client', ['claude', 'bedrock', 'azure'], async (target) => {
    const stream = client.chat.completions.stream({
      model: MODELS[target] + 'parallel', messages: user('weather?'), tools: TOOLS, stream_options: { include_usage: true },
    });
    checkAnswer(target, await stream.finalChatCompletion(), scripts.parallel[0]);
  }),
  ...scripted('an end by its length, and by refusal', ['claude', 'bedrock', 'compatible'], async (target) => {
    for (const stream of [false, true]) {
      for (const name of ['length', 'refusal']) {
        checkAnswer(target, await complete(target, name, stream), scripts[name][0]);
      }
    }
  }),
  ...scripted('images, here and at a URL', ['claude', 'compatible'], async (target) => {
    const images = [PIXEL, 'https://images.example/cat.png'].map((url) => ({ type: 'image_url', image_url: { url } }));
    const messages = user([{ type: 'text', text: 'what-is-this' }, ...images]);
    const done = await complete(target, 'vision', false, { messages });
    checkAnswer(target, done, scripts.vision[0]);
  }),
  ...scripted('a schema for the answer', ['claude', 'bedrock', 'compatible'], async (target) => {
    const json_schema = { name: 'place', strict: true, schema: WEATHER.function.parameters };
    const done = await complete(target, 'json', false, { response_format: { type: 'json_schema', json_schema } });
    assert.deepEqual(JSON.parse(done.choices[0].message.content), { city: 'Zürich', days: 3 });
  }),
  ...scripted('an effort of reasoning', ['claude', 'bedrock', 'compatible'], async (target) => {
    const done = await complete(target, 'effort', false, { reasoning_effort: 'medium', max_tokens: 20_000 });
    checkAnswer(target, done, scripts.effort[0]);
  }),
  ...scripted('several choices are refused, and other fields without a place named', OTHERS, async (target) => {
    const several = () => complete(target, 'chat', false, { n: 2 });
    await refused(OpenAI.BadRequestError, several, { code: 'unsupported_by_target', param: 'n' });
    const { response } = await chat({ model: MODELS[target] + 'chat', logprobs: true, seed: 7 }).withResponse();
    assert.equal(response.headers.get('x-tollgate-dropped'), 'logprobs, seed');
  }),
  ...scripted('strict: what has no place is refused', ['claude'], async () => {
    const strict = (body) => chat({ model: 'strict-claude', ...body });
    const asksTooMuch = () => strict({ logprobs: true });
    await refused(OpenAI.BadRequestError, asksTooMuch, { code: 'unsupported_by_target', param: 'logprobs' });
    assert(textOf(await all(strict({ stream: true, stream_options: { include_usage: true } }))));
  }),
  ...scripted('faults of the provider, plain and before a stream', ['claude', 'bedrock', 'azure'], async (target) => {
    const faults = {
      limited: [OpenAI.RateLimitError, 'upstream_rate_limited'],
      overloaded: [OpenAI.InternalServerError, 'upstream_overloaded'],
      wrong: [OpenAI.BadRequestError, 'upstream_rejected'],
      long: [OpenAI.BadRequestError, 'context_length_exceeded'],
      broken: [OpenAI.InternalServerError, 'upstream_failed'],
    };
    for (const [name, [kind, code]] of Object.entries(faults)) {
      for (const stream of [false, true]) await refused(kind, () => complete(target, name, stream), { code });
    }
  }),
  ...scripted('an error in a stream: a status first, raised later', [...OTHERS, 'azure'], async (target) => {
    const kind = target === 'bedrock' ? OpenAI.RateLimitError : OpenAI.InternalServerError;
    await refused(kind, () => complete(target, 'early', true));
    let text = '';
    await refused(OpenAI.APIError, async () => {
      const stream = await chat({ model: MODELS[target] + 'cut', stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    });
    assert(text, 'no text before the error');
  }),
  'quota: the fourth request in a minute': async () => {
    need(TOLLGATE_TINY_KEY);
    const tiny = connect(TOLLGATE_TINY_KEY);
    const begin = minute();
    let served = 0;
    const error = await refused(OpenAI.RateLimitError, async () => {
      // Seven do not fit into two minutes of three, should the minute end meanwhile.
      for (; served < 7; served++) await tiny.chat.completions.create({ model: 'demo', messages: user('hello') });
    }, { code: 'rate_limit_exceeded' });
    assert.equal(error.headers.get('x-ratelimit-remaining-requests'), '0');
    const wait = Number(error.headers.get('retry-after'));
    assert(wait > 0 && wait <= 60, `retry-after ${wait}`);
    assert(served === 3 || minute() > begin, `${served} requests`);
  },
};

const count = { ok: 0, FAILED: 0, skipped: 0 };
for (const [name, run] of Object.entries(CASES)) {
  const [result, detail] = await run().then(
    () => ['ok', ''],
    (error) => (error instanceof Skip ? ['skipped', ''] : ['FAILED', `\n${error.stack}`]),
  );
  count[result]++;
  console.log(`${result.padEnd(7)} node    ${name}${detail}`);
}
console.log(`${count.ok} passed, ${count.FAILED} failed${count.skipped ? `, ${count.skipped} skipped` : ''}`);
process.exitCode = count.FAILED > 0 ? 1 : 0;
