import Diagnostics
import JSON
import ModelFiles
import Models
import Testing

@Suite struct AdapterConfigurationTests {
    private static let gpt2 = DecoderConfiguration.gpt2(
        vocabularySize: 7, contextLength: 4, embeddingSize: 4, layerCount: 1, headCount: 2)

    private func read(_ text: String) throws -> AdapterConfiguration {
        let json = try JSONValue(parsing: Array(text.utf8), at: "adapter_config.json")
        return try AdapterConfiguration(json: json, at: "adapter_config.json")
    }

    @Test(arguments: [false, true])
    func survivesARoundTrip(hasAll: Bool) throws {
        var lora = LoRAConfiguration()
        lora.targetModules = ["c_attn", "mlp.c_proj"]
        if hasAll {
            (lora.rank, lora.alpha, lora.dropoutRate) = (5, 7.5, 0.25)
            (lora.isRankStabilized, lora.decomposesWeights) = (true, true)
        }
        let configuration = AdapterConfiguration(
            lora: lora, basePath: hasAll ? "models/base" : nil, hasHead: hasAll)
        let text = try configuration.json(for: Self.gpt2).text(isPretty: true)
        #expect(try read(text) == configuration)
    }

    /// PEFT's own "all-linear" takes more, in some of its versions.
    @Test func allLinearIsWrittenOut() throws {
        let json = try AdapterConfiguration(lora: LoRAConfiguration(), basePath: nil)
            .json(for: Self.gpt2)
        #expect(
            json["target_modules"]?.array?.compactMap(\.string) == ["c_attn", "c_fc", "c_proj"])
        #expect(json["fan_in_fan_out"] == .boolean(true))
    }

    private static let rest = #""target_modules": ["c_attn"]"#

    @Test(arguments: [
        "\"bias\": \"none\", \"r\": 4", "\"rank_pattern\": {}, \"alpha_pattern\": {}",
        "\"layers_to_transform\": null", "\"modules_to_save\": [\"classifier\", \"score\"]",
        "\"use_qalora\": false", "\"inference_mode\": true, \"task_type\": \"CAUSAL_LM\"",
    ])
    func acceptsWhatComputesTheSame(_ members: String) {
        #expect(throws: Never.self) {
            try read("{\"peft_type\": \"LORA\", \(Self.rest), \(members)}")
        }
    }

    @Test(arguments: [
        ("bias", "\"all\""), ("bias", "\"lora_only\""), ("rank_pattern", "{\"c_attn\": 4}"),
        ("alpha_pattern", "{\"c_attn\": 4}"), ("layers_to_transform", "[0]"),
        ("layer_replication", "[[0, 1]]"), ("trainable_token_indices", "[1]"),
        ("exclude_modules", "[\"c_fc\"]"), ("modules_to_save", "[\"lm_head\"]"),
        ("use_qalora", "true"), ("lora_bias", "true"), ("use_dora", "\"yes\""),
        ("r", "0"), ("r", "2.5"), ("lora_alpha", "0"), ("lora_alpha", "-1"),
        ("lora_dropout", "1"), ("target_modules", "\"c_.*\""), ("target_modules", "[]"),
        ("target_modules", "[1]"), ("peft_type", "\"IA3\""),
    ])
    func refusesWhatItCannotComputeAndNamesTheKey(_ key: String, _ value: String) {
        let others = [("peft_type", "\"LORA\""), ("target_modules", "[\"c_attn\"]")]
            .filter { $0.0 != key }.map { "\"\($0.0)\": \($0.1), " }.joined()
        #expect {
            try read("{\(others)\"\(key)\": \(value)}")
        } throws: { error in
            (error as? Failure)?.line.contains(key) == true
        }
    }

    @Test(arguments: ["{}", "[]", "{\"peft_type\": \"LORA\"}"])
    func refusesWhatIsNoAdapter(_ text: String) {
        #expect(throws: Failure.self) { try read(text) }
    }
}
