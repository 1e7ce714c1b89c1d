import Diagnostics
import JSON
import ModelFiles
import Models
import Testing

@Suite struct HuggingFaceConfigurationTests {
    private static let tiny = DecoderConfiguration.gpt2(
        vocabularySize: 61, contextLength: 16, embeddingSize: 8, layerCount: 2, headCount: 2,
        dropoutRate: 0.1, normEpsilon: 1e-5)

    private func read(_ text: String) throws -> HuggingFaceConfiguration {
        let json = try JSONValue(parsing: Array(text.utf8), at: "config.json")
        return try HuggingFaceConfiguration(json: json, at: "config.json")
    }

    @Test(arguments: [[], [60], [60, 3]])
    func survivesARoundTrip(_ endOfTextIDs: [Int]) throws {
        let configuration = HuggingFaceConfiguration(
            model: Self.tiny, endOfTextIDs: endOfTextIDs)
        #expect(try read(configuration.json.text(isPretty: true)) == configuration)
    }

    @Test func llamaSurvivesARoundTrip() throws {
        var sizes = DecoderConfiguration.llama(
            vocabularySize: 61, contextLength: 16, embeddingSize: 8, layerCount: 2, headCount: 2,
            keyValueHeadCount: 1, mlpSize: 20, isTied: false, normEpsilon: 1e-6)
        for factor: Float? in [nil, 8] {
            let scaling = factor.map {
                RotaryScaling.llama3(
                    RopeScaling(
                        factor: $0, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                        originalContextLength: 8))
            }
            sizes.positions = .rotary(RotaryPositions(theta: 500, scaling: scaling))
            let configuration = HuggingFaceConfiguration(
                model: sizes, endOfTextIDs: [2, 5], beginningOfTextID: 1)
            #expect(try read(configuration.json.text()) == configuration)
        }
    }

    @Test(arguments: [["ham", "spam"], ["a", "ü \"x\"", "b,c"]])
    func labelsSurviveARoundTrip(labels: [String]) throws {
        let configuration = HuggingFaceConfiguration(
            model: Self.tiny, endOfTextIDs: [60], labels: labels)
        let again = try read(configuration.json.text())
        #expect(again == configuration && again.labels == labels)
        #expect(again.tensorShapes.last?.name == "score.weight")
        #expect(again.tensorShapes.last?.shape == [labels.count, 8])
    }

    private static let classifier =
        #"{"model_type": "gpt2", "architectures": ["GPT2ForSequenceClassification"]"#

    @Test func aClassifierWithoutLabelsHasTheTwoOfTransformers() throws {
        #expect(try read(Self.classifier + "}").labels == ["LABEL_0", "LABEL_1"])
        #expect(
            try read(#"{"model_type": "gpt2", "id2label": {"0": "a", "1": "b"}}"#).labels == nil)
    }

    @Test(arguments: [
        #"{"0": "a", "2": "b"}"#, #"{"0": "a", "1": 1}"#, #"{"0": "a", "1": "a"}"#, "{}",
        #"{"zero": "a"}"#,
    ])
    func brokenLabelsAreRefused(labels: String) {
        #expect {
            try read(Self.classifier + ", \"id2label\": \(labels)}")
        } throws: { error in
            (error as? Failure)?.what == "cannot use this model: id2label"
        }
    }

    @Test func writesWhatTransformersReads() {
        let json = HuggingFaceConfiguration(model: Self.tiny, endOfTextIDs: []).json
        let expected = """
            {"activation_function":"gelu_new","add_cross_attention":false,\
            "architectures":["GPT2LMHeadModel"],"attn_pdrop":0.1,"bos_token_id":null,\
            "dtype":"float32","embd_pdrop":0.1,"eos_token_id":null,"initializer_range":0.02,\
            "layer_norm_epsilon":1e-05,"model_type":"gpt2","n_ctx":16,"n_embd":8,"n_head":2,\
            "n_inner":null,"n_layer":2,"n_positions":16,"reorder_and_upcast_attn":false,\
            "resid_pdrop":0.1,"scale_attn_by_inverse_layer_idx":false,"scale_attn_weights":true,\
            "tie_word_embeddings":true,"use_cache":true,"vocab_size":61}
            """
        #expect(json.text(isPretty: false) == expected)
    }

    @Test func missingKeysTakeTheDefaultsOfTransformers() throws {
        let expected = DecoderConfiguration.gpt2(
            vocabularySize: 50257, contextLength: 1024, embeddingSize: 768, layerCount: 12,
            headCount: 12, dropoutRate: 0.1, normEpsilon: 1e-5)
        #expect(
            try read("{\"model_type\": \"gpt2\"}")
                == HuggingFaceConfiguration(model: expected, endOfTextIDs: [50256]))
    }

    @Test(
        arguments: [
            ("\"eos_token_id\": 5", [5]), ("\"eos_token_id\": null", []),
            ("\"eos_token_id\": [5]", [5]), ("\"eos_token_id\": [5, 7, 5, 99999]", [5, 7]),
            ("\"vocab_size\": 64", []), ("\"vocab_size\": 64, \"eos_token_id\": 50256", []),
            ("\"vocab_size\": 64, \"eos_token_id\": 63", [63]),
        ] as [(String, [Int])])
    func endsOfTextAreIDsOfTheVocabulary(_ member: String, _ expected: [Int]) throws {
        #expect(try read("{\"model_type\": \"gpt2\", \(member)}").endOfTextIDs == expected)
    }

    @Test(arguments: [
        "\"n_inner\": 3072", "\"activation_function\": \"gelu_pytorch_tanh\"",
        "\"n_inner\": null", "\"reorder_and_upcast_attn\": true", "\"unknown\": {}",
        "\"tie_word_embeddings\": true", "\"resid_pdrop\": 0, \"embd_pdrop\": 0, \"attn_pdrop\": 0",
    ])
    func acceptsWhatComputesTheSame(_ member: String) throws {
        #expect(throws: Never.self) { try read("{\"model_type\": \"gpt2\", \(member)}") }
    }

    @Test(arguments: [
        ("activation_function", "\"relu\""), ("activation_function", "\"gelu\""),
        ("scale_attn_weights", "false"),
        ("scale_attn_by_inverse_layer_idx", "true"), ("add_cross_attention", "true"),
        ("quantization_config", "{}"), ("n_inner", "768"), ("n_head", "7"), ("n_head", "0"),
        ("n_embd", "-768"), ("n_embd", "768.5"), ("n_embd", "\"768\""), ("n_layer", "0"),
        ("n_layer", "9223372036854775807"), ("vocab_size", "0"), ("n_positions", "0"),
        ("attn_pdrop", "1.2"), ("resid_pdrop", "1"), ("resid_pdrop", "-0.1"),
        ("layer_norm_epsilon", "0"), ("layer_norm_epsilon", "\"1e-5\""), ("eos_token_id", "[]"),
        ("eos_token_id", "-1"), ("eos_token_id", "\"x\""),
    ])
    func refusesWhatItCannotComputeAndNamesTheKey(_ key: String, _ value: String) {
        #expect {
            try read("{\"model_type\": \"gpt2\", \"\(key)\": \(value)}")
        } throws: { error in
            let what = (error as? Failure)?.what
            return what == "cannot use this model: \(key)"
        }
    }

    @Test(arguments: ["{}", "[]", "{\"model_type\": \"mixtral\"}", "{\"model_type\": null}"])
    func refusesOtherModels(_ text: String) {
        #expect(throws: Failure.self) { try read(text) }
    }
}
