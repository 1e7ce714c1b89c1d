import Diagnostics
import Files
import Foundation
import JSON
import Tokenizers

extension Checks {
    /// Writes a directory with a tokenizer, a chat template and conversations as this program
    /// renders them, for each tokenizer that is named and each template, below the directory that is
    /// named first. For Tests/Scripts/check_chat_templates.py.
    func chatTemplates() throws -> Int32 {
        guard arguments.count > 2 else {
            throw Failure("expected a directory and tokenizers", kind: .usage)
        }
        for path in arguments[2...] {
            let tokenizer = try TokenizerFile.load(path)
            for builtIn in ChatTemplate.BuiltIn.allCases {
                let template = try ChatTemplate(builtIn, for: tokenizer)
                let name = DirectoryEntries.split(path).name.split(separator: ".")[0]
                try Self.write(
                    template, tokenizer, to: "\(arguments[1])/\(name) \(template.name)")
            }
        }
        return 0
    }

    private static let conversations: [[ChatMessage]] = [
        [ChatMessage(.user, "What is 2 + 2?"), ChatMessage(.assistant, "4.")],
        [
            ChatMessage(.system, "Answer in French."), ChatMessage(.user, "Good morning!"),
            ChatMessage(.assistant, "Bonjour !"), ChatMessage(.user, "A \"quoted\"\n\\word{{ }}"),
            ChatMessage(.assistant, " Un mot «cité»\n\n{% if %} 日本 🙂 "),
        ],
        [
            ChatMessage(.user, "One"), ChatMessage(.user, "two"), ChatMessage(.assistant, "three"),
            ChatMessage(.assistant, "four"), ChatMessage(.user, "five"),
        ],
    ]

    private static func write(
        _ template: ChatTemplate, _ tokenizer: any Tokenizer, to folder: String
    ) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        func write(_ bytes: [UInt8], _ name: String) throws {
            try FileWriter.write(bytes, to: "\(folder)/\(name)")
        }
        try write(tokenizer.tokenizerJSON, "tokenizer.json")
        try write(
            try tokenizer.tokenizerConfigJSON(maximumLength: 4096, template: template),
            "tokenizer_config.json")
        let rendered = try conversations.map { messages -> JSONValue in
            let parts = try template.parts(of: messages)
            let prompt = try template.prompt(after: messages)
            return [
                "messages": .array(messages.map(\.json)),
                "text": .string(parts.map(\.text).joined()),
                "prompt": .string(prompt.map(\.text).joined()),
                "ids": .array(try tokenizer.encode(parts).ids.map { .integer(Int($0)) }),
            ]
        }
        try write(JSONValue.array(rendered).rendered(.compact), "conversations.json")
    }
}
