import Diagnostics
import Foundation
import ModelFiles
import Models
import TemporaryFolders
import Testing
import Tokenizers

@Suite struct GGUFTests {
    static let gpt2 = DecoderConfiguration.gpt2(
        vocabularySize: 11, contextLength: 4, embeddingSize: 32, layerCount: 2, headCount: 2)
    static let llama = DecoderConfiguration.llama(
        vocabularySize: 11, contextLength: 8, embeddingSize: 32, layerCount: 2, headCount: 4,
        keyValueHeadCount: 2, mlpSize: 40,
        positions: RotaryPositions(
            scaling: .llama3(
                RopeScaling(
                    factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                    originalContextLength: 16))),
        isTied: false)

    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// All values are different, and exact in F16 up to 2048 eighths.
    private func values(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float((($0 + seed) * 37) % 4001 - 2000) / 8 }
    }

    /// Writes the model and reads it back.
    private func export(
        _ model: DecoderConfiguration, type: GGUFType,
        _ make: (Int, Int) -> [Float], tokenizer: (any Tokenizer)? = nil,
        chatTemplate: String? = nil
    ) throws -> (file: GGUFReading, tensors: [String: [Float]]) {
        let name = chatTemplate == nil ? "plain.gguf" : "chat.gguf"
        let shapes = model.tensorShapes
        let made = shapes.enumerated().map { make($1.shape.reduce(1, *), $0) }
        let all = made.flatMap { $0 }
        try all.withUnsafeBufferPointer { all in
            var start = 0
            let tensors = zip(shapes, made).map { shape, values in
                defer { start += values.count }
                return NamedTensor(
                    name: shape.name, shape: shape.shape,
                    values: UnsafeBufferPointer(rebasing: all[start..<start + values.count]))
            }
            try GGUFModel.publish(
                model, tensors: tensors,
                tokenizer: tokenizer ?? CharacterTokenizer(text: "ab c\n"),
                chatTemplate: chatTemplate, type: type, at: folder(name))
        }
        let named = Dictionary(uniqueKeysWithValues: zip(shapes.map(\.name), made))
        return (GGUFReading(try folder.bytes(name)), named)
    }

    @Test func gpt2StandsUnderItsNamesWithWeightsTransposed() throws {
        let (file, tensors) = try export(Self.gpt2, type: .float32, values)
        #expect(file.metadata["general.architecture"] as? String == "gpt2")
        #expect(file.metadata["general.file_type"] as? UInt32 == 0)
        #expect(file.metadata["gpt2.block_count"] as? UInt32 == 2)
        #expect(file.metadata["gpt2.feed_forward_length"] as? UInt32 == 128)
        #expect(file.metadata["gpt2.attention.layer_norm_epsilon"] as? Float == 1e-5)
        #expect(file.names.count == tensors.count)
        #expect(file.values("token_embd.weight") == tensors["transformer.wte.weight"])
        #expect(file.values("blk.1.attn_qkv.bias") == tensors["transformer.h.1.attn.c_attn.bias"])
        let up = try #require(file.values("blk.1.ffn_up.weight"))
        let source = try #require(tensors["transformer.h.1.mlp.c_fc.weight"])
        #expect(file.tensors["blk.1.ffn_up.weight"]?.sizes == [32, 128])
        for row in 0..<128 {
            for column in 0..<32 { #expect(up[row * 32 + column] == source[column * 128 + row]) }
        }
    }

    @Test func theChatTemplateGoesWithTheTokenizer() throws {
        let key = "tokenizer.chat_template"
        let text = "{{ messages }}"
        let with = try export(Self.gpt2, type: .float32, values, chatTemplate: text)
        #expect(with.file.metadata[key] as? String == text)
        let without = try export(Self.gpt2, type: .float32, values)
        #expect(without.file.metadata[key] == nil)
    }

    @Test func llamaStandsWithPlanesAsNeighbours() throws {
        let (file, tensors) = try export(Self.llama, type: .float32, values)
        #expect(file.metadata["llama.attention.head_count_kv"] as? UInt32 == 2)
        #expect(file.metadata["llama.rope.freq_base"] as? Float == 10_000)
        #expect(file.values("output.weight") == tensors["lm_head.weight"])
        #expect(
            file.values("blk.0.ffn_gate.weight") == tensors["model.layers.0.mlp.gate_proj.weight"])
        for (name, old) in [("attn_q", "q_proj"), ("attn_k", "k_proj")] {
            let moved = try #require(file.values("blk.1.\(name).weight"))
            let source = try #require(tensors["model.layers.1.self_attn.\(old).weight"])
            for row in 0..<moved.count / 32 {
                let (head, inside) = (row / 8, row % 8)
                let from = head * 8 + inside % 2 * 4 + inside / 2
                #expect(moved[row * 32..<row * 32 + 32] == source[from * 32..<from * 32 + 32])
            }
        }
        // Wavelengths 6, 63, 628 and 6283 against the original context of 16: all but the first are
        // longer than 16 / 1, and the first lies between 16 / 4 and 16.
        let factors = try #require(file.values("rope_freqs.weight"))
        let share = (16 / (2 * Float.pi) - 1) / 3
        #expect(abs(factors[0] - 1 / ((1 - share) / 8 + share)) < 1e-5)
        #expect(factors[1...].allSatisfy { abs($0 - 8) < 1e-5 })
    }

    @Test(arguments: [gpt2, llama])
    func typesFollowTheShapes(_ model: DecoderConfiguration) throws {
        let (file, _) = try export(model, type: .q8, values)
        #expect(file.metadata["general.file_type"] as? UInt32 == 7)
        for (name, tensor) in file.tensors {
            let isPlain = tensor.sizes.count == 1 || name == "position_embd.weight"
            #expect(tensor.type == (isPlain ? 0 : tensor.sizes[0] % 32 == 0 ? 8 : 1), "\(name)")
            #expect(tensor.place % 32 == 0)
        }
        let down = file.tensors["blk.0.ffn_down.weight"]?.type
        #expect(down == (model == Self.llama ? 1 : 8))
        let last = try #require(file.names.last)
        #expect((file.end(of: last) + 31) / 32 * 32 == file.bytes.count)
    }

    /// What llama.cpp chooses for Q4_K_M: more bits for values and the last product of an eighth of the
    /// layers at either end and each third between; the next type for rows that 256 does not divide.
    @Test func mixesFollowTheLayers() throws {
        let model = DecoderConfiguration.llama(
            vocabularySize: 7, contextLength: 8, embeddingSize: 256, layerCount: 16, headCount: 4,
            keyValueHeadCount: 2, mlpSize: 288, isTied: true)
        let (file, _) = try export(
            model, type: .q4K, values, tokenizer: CharacterTokenizer(text: "ab c\n"))
        #expect(file.metadata["general.file_type"] as? UInt32 == 15)
        #expect(file.tensors["token_embd.weight"]?.type == GGUFType.q6K.rawValue)
        for layer in 0..<16 {
            let hasMore = [0, 1, 4, 7, 10, 13, 14, 15].contains(layer)
            let found = ["attn_q", "attn_v", "ffn_down", "attn_norm"].map {
                file.tensors["blk.\(layer).\($0).weight"]?.type
            }
            let down: GGUFType = hasMore ? .q8 : .q5
            let types: [GGUFType] = [.q4K, hasMore ? .q6K : .q4K, down, .float32]
            #expect(found == types.map(\.rawValue), "layer \(layer)")
        }
    }

    @Test func q8RoundsToTheNearest127thOfTheLargest() throws {
        let (file, tensors) = try export(Self.llama, type: .q8) { count, _ in
            (0..<count).map { $0 % 64 < 32 ? 0 : Float($0 % 64 - 48) * 0.37 }
        }
        let values = try #require(file.values("token_embd.weight"))
        let source = try #require(tensors["model.embed_tokens.weight"])
        let scale = Float(16 * 0.37) / 127
        for (value, original) in zip(values, source) {
            // Half a step, and what F16 takes off the scale.
            #expect(abs(value - original) <= scale / 2 + abs(original) / 2048)
        }
        #expect(values[..<32].allSatisfy { $0 == 0 })
    }

    @Test(arguments: [GGUFType.q8, .float16])
    func numbersThatDoNotFitAreRefused(_ type: GGUFType) throws {
        let line = failureLine {
            _ = try export(Self.llama, type: type) { count, _ in
                [Float](repeating: 1e9, count: count)
            }
        }
        #expect(line.contains("does not fit"), "\(line)")
        #expect(try folder.names.isEmpty)
    }

    @Test func charactersAreAVocabularyThatNothingJoins() throws {
        let (file, _) = try export(Self.gpt2, type: .float32, values)
        #expect(file.metadata["tokenizer.ggml.model"] as? String == "llama")
        let tokens = try #require(file.metadata["tokenizer.ggml.tokens"] as? [Any])
        let padding = (5..<11).map { "[PAD\($0)]" }
        #expect(tokens.compactMap { $0 as? String } == ["\n", "\u{2581}", "a", "b", "c"] + padding)
        let types = try #require(file.metadata["tokenizer.ggml.token_type"] as? [Any])
        #expect(
            types.compactMap { $0 as? Int32 } == Array(repeating: 1, count: 5)
                + Array(repeating: 5, count: 6))
        #expect(file.metadata["tokenizer.ggml.add_bos_token"] as? Bool == false)
        #expect(file.metadata["tokenizer.ggml.eos_token_id"] == nil)
    }

    @Test(arguments: [
        ("llama3", "gpt2", "llama-bpe", "<|begin_of_text|>", "<|end_of_text|>"),
        ("sentencepiece-prepend", "llama", "default", "<s>", "</s>"),
    ])
    func publishedKindsOfTokenizersKeepTheirRules(
        name: String, model: String, pattern: String, first: String, last: String
    ) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/tokenizers/\(name)-tokenizer.json").path
        let tokenizer = try TokenizerFile.load(path)
        let sizes = DecoderConfiguration.gpt2(
            vocabularySize: tokenizer.vocabularySize, contextLength: 4, embeddingSize: 4,
            layerCount: 1, headCount: 1)
        let (file, _) = try export(sizes, type: .float32, values, tokenizer: tokenizer)
        #expect(file.metadata["tokenizer.ggml.model"] as? String == model)
        #expect(file.metadata["tokenizer.ggml.pre"] as? String == pattern)
        #expect(file.metadata["tokenizer.ggml.add_bos_token"] as? Bool == true)
        let tokens = try #require(file.metadata["tokenizer.ggml.tokens"] as? [Any])
            .compactMap { $0 as? String }
        let merges = try #require(file.metadata["tokenizer.ggml.merges"] as? [Any])
            .compactMap { $0 as? String }
        let types = try #require(file.metadata["tokenizer.ggml.token_type"] as? [Any])
            .compactMap { $0 as? Int32 }
        #expect(tokens.count == tokenizer.vocabularySize && types.count == tokens.count)
        for (key, text) in [("bos", first), ("eos", last)] {
            let id = Int(try #require(file.metadata["tokenizer.ggml.\(key)_token_id"] as? UInt32))
            #expect(tokens[id] == text && types[id] == 3)
        }
        // Every merge makes a token; the earlier it comes, the higher the token scores.
        #expect(merges.count > 100)
        let made = merges.map { $0.replacing(" ", with: "") }
        #expect(Set(made).isSubset(of: tokens))
        guard model == "llama" else { return }
        #expect(types.filter { $0 == 6 }.count == 256 && types.filter { $0 == 2 }.count == 1)
        let scores = try #require(file.metadata["tokenizer.ggml.scores"] as? [Any])
            .compactMap { $0 as? Float }
        let ids = Dictionary(uniqueKeysWithValues: zip(tokens, tokens.indices))
        for (rank, token) in made.enumerated() {
            #expect(scores[try #require(ids[token])] >= -Float(rank))
        }
    }
}
