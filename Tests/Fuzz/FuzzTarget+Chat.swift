import Datasets
import Diagnostics
import Files
import JSON
import Tokenizers

/// Examples to learn from, and the template that a model keeps.
extension FuzzTarget {
    static let conversations = FuzzTarget(
        name: "conversations", file: "examples.json",
        prepare: { folder in
            let records: [JSONValue] = [
                ["instruction": "Add 1", "input": "2", "output": "3"],
                ["instruction": "Sit", "input": "", "output": "The cat sat."],
                ["messages": .array(messages.map(\.json))],
                [
                    "system": "s",
                    "conversations": [
                        ["from": "human", "value": "Hi"], ["from": "gpt", "value": "Ünïcode 🙂"],
                    ],
                ],
            ]
            try write(JSONValue.array(records).rendered(.configuration), folder, "examples.json")
            return [records, shapes].map {
                Array($0.map { $0.text() }.joined(separator: "\n").utf8)
            }
                + ["{\"data\": [{\"prompt\": \"\\ud83d\", \"x\": NaN, \"response\": \"a\"}]}"].map {
                    Array($0.utf8)
                }
        },
        read: { folder in
            let tokenizer = try bytes()
            let template = try ChatTemplate(.chatml, for: tokenizer)
            var log = RecordLog(.skip)
            let conversations = try ConversationFile(
                path: folder + "/examples.json", inputBegin: template.inputBegin,
                mentions: { $0 == "name" }
            ).conversations(&log)
            try log.requireMostUsed()
            let encoder = ExampleEncoder(
                tokenizer: tokenizer, template: template, sequenceLength: 64)
            let set = try encoder.encode(conversations)
            _ = try set.text(of: 0, by: tokenizer)
            _ = log.notes.joined() + log.skipped.map { $0.json.text() }.joined()
            _ = set.joined()
            let source = ExampleSource(set.packed(), globalBatchSize: 3, seed: 1)
            for step in 0..<2 { _ = try source.batch(step: step, sequences: 0..<3) }
            _ = set.description + set.warnings.joined()
        })

    /// Records of the rarer shapes.
    private static let shapes: [JSONValue] = [
        ["prompt": "p", "completion": "c", "history": [["a", "b"]], "system_prompt": "s"],
        [
            "prompt": [["role": "user", "content": "p"]],
            "completion": [["from": "gpt", "value": "c"]],
        ],
        [
            "tools": "[{\"name\": \"w\"}]",
            "messages": [
                ["role": "user", "content": [["type": "text", "text": "p"], "q"], "name": "n"],
                [
                    "role": "assistant", "content": .null,
                    "tool_calls": [["function": ["name": "w", "arguments": "{\"a\": 1}"]]],
                ],
                ["role": "tool", "content": "o"],
                ["role": "assistant", "content": "c", "weight": .integer(0)],
            ],
        ],
    ]

    /// A table of questions and answers.
    static let conversationTable = FuzzTarget(
        name: "conversation_table", file: "a.csv",
        prepare: { folder in
            try write(
                Array("id;prompt;response\r\n1;\"a;\"\"b\"\"\";c\r\n".utf8), folder, "a.csv")
            return [Array("instruction\toutput\n\"a\tb\"\t\"c \"\"d\"\"\"\n".utf8)]
        },
        read: { folder in
            var file = ConversationFile(path: folder + "/a.csv", inputBegin: "")
            for encoding in [TextEncoding.utf8, .utf16, .windows1252] {
                file.encoding = encoding
                var log = RecordLog(.skip)
                let found = try? file.conversations(&log)
                precondition((found?.count ?? 0) <= log.recordCount)
            }
        })

    static let chatTemplate = FuzzTarget(
        name: "chat_template", file: "tokenizer_config.json",
        prepare: { folder in
            let tokenizer = try bytes()
            let configurations = try [ChatTemplate.BuiltIn.chatml, .llama3].map { builtIn in
                try tokenizer.tokenizerConfigJSON(
                    maximumLength: 16, template: ChatTemplate(builtIn, for: tokenizer))
            }
            try write(configurations[0], folder, "tokenizer_config.json")
            return [configurations[1]]
        },
        read: { folder in
            guard let template = try ChatTemplate.load(directory: folder) else { return }
            let tokenizer = try bytes()
            _ = try tokenizer.encode(template.parts(of: messages))
            _ = try tokenizer.encode(template.prompt(after: messages))
        })

    /// Templates of every construct; the conversation is always the same.
    static let jinja = FuzzTarget(
        name: "jinja", file: "template.jinja",
        prepare: { folder in
            try write(Array(jinjaTemplates[0].utf8), folder, "template.jinja")
            return jinjaTemplates.dropFirst().map { Array($0.utf8) }
        },
        read: { folder in
            let bytes = try FileReader.bytes(of: folder + "/template.jinja")
            let template = try ChatTemplate(
                name: "fuzz", jinja: String(decoding: bytes, as: UTF8.self),
                tokens: ["bos_token": "<s>", "eos_token": "</s>"])
            _ = try template.parts(of: messages)
            _ = try template.prompt(after: messages)
        })

    private static let jinjaTemplates = [
        "{% for m in messages %}{{ '<' ~ m['role'] ~ '>' + m.content | trim + eos_token }}"
            + "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
        "{%- macro f(x, y=2) -%}{{ x * y }}{%- endmacro -%}{% set ns = namespace(n=0) %}"
            + "{% for a, b in [[1, 2]] if a < b %}{% set ns.n = ns.n + f(a)|int %}{% else %}-"
            + "{% endfor %}{{ ns.n // 2 ** 3 % 5 }}{{ {'k': [1, none, true]} | tojson(indent=2) }}",
        "{% set x = messages[::-1] | selectattr('role', 'eq', 'user') | map(attribute='content')"
            + " | list %}{{ x[0][1:-1].split('a', 1)[-1].upper().strip('?') ~ loop }}"
            + "{# c #}{% raw %}{{{% endraw %}{{ strftime_now('%Y') }}{{ '%05.1f|%s' % (1.5, x) }}",
        "{% for a in range(9) recursive %}{{ loop.index }}{{ loop.cycle(1, 2) }}{% if loop.first %}"
            + "{% continue %}{% endif %}{% if a is divisibleby 3 %}{% break %}{% endif %}{% endfor %}"
            + "{% call(q) g() %}{{ q }}{% endcall %}{% filter upper | replace('A', 'b') %}a{% endfilter %}"
            + "{% with a = 1, b = 2 %}{{ a if b is defined else missing.x }}{% endwith %}"
            + "{% generation %}{{ [3, 1] | sort(reverse=true) | join('-') }}{% endgeneration %}",
    ]

    private static let messages = [
        ChatMessage(.system, "Be brief."), ChatMessage(.user, "Who sat?"),
        ChatMessage(.assistant, "The cat."), ChatMessage(.user, "Where?"),
    ]

    /// Every text has an encoding.
    private static func bytes() throws -> any Tokenizer {
        var counts = WordCounts()
        _ = try Array("the cat".utf8).withUnsafeBufferPointer { try counts.add($0) }
        return try BytePairTrainer(vocabularySize: 257).train(counts)
    }
}
