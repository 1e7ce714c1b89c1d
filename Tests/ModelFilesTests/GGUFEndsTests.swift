import ModelFiles
import Models
import TemporaryFolders
import Testing
import Tokenizers

/// The ends of texts in a GGUF file: for llama.cpp, and when it is read again.
@Suite struct GGUFEndsTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// A token "a", and names from id 1 on, which are control tokens where they do not start with "!".
    private func tokenizer(_ names: [String], ends: [Int32]) throws -> any Tokenizer {
        let texts = names.map { $0.hasPrefix("!") ? String($0.dropFirst()) : $0 }
        let vocabulary = (["a"] + texts).enumerated().map { "\"\($1)\": \($0)" }
        let added = zip(names, texts).enumerated().map { index, name in
            #"{"id": \#(index + 1), "content": "\#(name.1)", "special": \#(name.0 == name.1)}"#
        }
        var declared = EndOfText.Declared()
        declared.ids = ends
        return try TokenizerFile.parse(
            Array(
                """
                {"added_tokens": [\(added.joined(separator: ", "))], "normalizer": null,
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
                 "decoder": {"type": "ByteLevel"}, "post_processor": null,
                 "model": {"type": "BPE", "vocab": {\(vocabulary.joined(separator: ", "))}, \
                "merges": []}}
                """.utf8), at: "memory", ends: declared)
    }

    private func write(_ tokenizer: any Tokenizer, chatTemplate: String? = nil) throws {
        let model = Self.sizes(tokenizer)
        let count = model.tensorShapes.map { $0.shape.reduce(1, *) }.max() ?? 0
        try [Float](repeating: 0, count: count).withUnsafeBufferPointer { zeros in
            try GGUFModel.publish(
                model,
                tensors: model.tensorShapes.map { name, shape in
                    NamedTensor(
                        name: name, shape: shape,
                        values: UnsafeBufferPointer(rebasing: zeros[..<shape.reduce(1, *)]))
                }, tokenizer: tokenizer, chatTemplate: chatTemplate, type: .float32,
                at: folder("m.gguf"), isReplacing: true)
        }
    }

    private static func sizes(_ tokenizer: any Tokenizer) -> DecoderConfiguration {
        .gpt2(
            vocabularySize: tokenizer.vocabularySize, contextLength: 4, embeddingSize: 4,
            layerCount: 1, headCount: 1)
    }

    private func endsOfTheFile() throws -> [Int32] {
        try GGUFTokenizer(reading: folder("m.gguf")).tokenizer().endOfText.ids
    }

    /// Keys of the file are eos, eot and eom.
    @Test(
        arguments: [
            (["<a>"], [1], [1, nil, nil]),
            (["<a>", "<b>"], [2, 1], [2, 1, nil]),
            (["<a>", "<b>", "<c>"], [1, 2, 3], [1, 2, 3]),
            (["<a>", "<b>", "<c>", "<d>"], [4, 1, 2, 3], [4, 1, 2]),
            (["<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"], [1, 2, 3], [1, 3, 2]),
            (["<a>", "<|im_end|>", "<b>"], [1, 2, 3], [1, 3, nil]),
        ] as [([String], [Int32], [UInt32?])])
    func allEndsComeBack(_ names: [String], _ ends: [Int32], _ keys: [UInt32?]) throws {
        try write(tokenizer(names, ends: ends))
        let file = GGUFReading(try folder.bytes("m.gguf"))
        let found = ["eos", "eot", "eom"].map {
            file.metadata["tokenizer.ggml.\($0)_token_id"] as? UInt32
        }
        #expect(found == keys)
        #expect(try endsOfTheFile() == ends)
        #expect(try GGUFTokenizer(reading: folder("m.gguf")).tokenizer().endOfTextID == ends[0])
    }

    @Test func endsForWhichThereIsNoRoomAreTold() throws {
        let four = try tokenizer(["<a>", "<b>", "<c>", "<d>"], ends: [1, 2, 3, 4])
        let notes = try GGUFModel.notes(on: Self.sizes(four), four)
        #expect(notes.count == 1 && notes[0].contains("1, 2, 3 ") && notes[0].contains("3, 4"))
        let spelled = try tokenizer(["<a>", "<b>", "<c>", "<|end|>"], ends: [1, 2, 3, 4])
        #expect(try GGUFModel.notes(on: Self.sizes(spelled), spelled).isEmpty)
    }

    /// As llama.cpp does; `</s>` is markup, too, where it is no control token.
    @Test(
        arguments: [
            (["<|endoftext|>", "<|im_end|>"], [1, 2]), (["<eos>", "x", "<end_of_turn>"], [1, 3]),
            (["<eos>", "</s>"], [1, 2]), (["<eos>", "!</s>"], [1]),
            (["<eos>", "!<|eot_id|>"], [1, 2]),
            (["<a>", "<b>"], [1]),
        ] as [([String], [Int32])])
    func theSpellingEndsTexts(_ names: [String], _ ends: [Int32]) throws {
        try write(tokenizer(names, ends: [1]))
        #expect(try endsOfTheFile() == ends)
    }

    @Test func whatEndsAnAnswerInTheTemplateEndsAText() throws {
        let names = ["<a>", "<b>", "<stop>"]
        try write(
            tokenizer(names, ends: [1]),
            chatTemplate: "{% for m in messages %}{{ '<b>' + m['content'] + '<stop>\\n' }}"
                + "{% endfor %}{% if add_generation_prompt %}{{ '<b>' }}{% endif %}")
        #expect(try endsOfTheFile() == [1, 3])
    }
}
