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
            return [Array(records.map { $0.text() }.joined(separator: "\n").utf8)]
        },
        read: { folder in
            let tokenizer = try bytes()
            let template = try ChatTemplate(.chatml, for: tokenizer)
            let conversations = try ConversationFile(
                path: folder + "/examples.json", inputBegin: template.pieces.inputBegin
            ).conversations()
            let encoder = ExampleEncoder(
                tokenizer: tokenizer, template: template, sequenceLength: 64)
            let set = try encoder.encode(conversations)
            _ = try set.text(of: 0, by: tokenizer)
            let source = ExampleSource(set.packed(), globalBatchSize: 3, seed: 1)
            for step in 0..<2 { _ = try source.batch(step: step, sequences: 0..<3) }
            _ = set.description + set.warnings.joined()
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
