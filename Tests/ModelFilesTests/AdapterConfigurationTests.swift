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
        var configuration = AdapterConfiguration(
            lora: lora, basePath: hasAll ? "models/base" : nil, hasHead: hasAll)
        if hasAll {
            configuration.excluded = .names(["mlp.c_fc"])
            configuration.layers = [0]
            configuration.ranks = ModuleValues([.init("c_attn", 3)])
            configuration.alphas = ModuleValues([.init("c_.*", 2.5)])
            configuration.savedModules = ["ln_f"]
            configuration.bias = .adapted
        }
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
        "\"use_qalora\": false", "\"bias\": \"lora_only\"", "\"layers_to_transform\": 0",
        "\"init_lora_weights\": \"gaussian\", \"loftq_config\": {}",
        "\"modules_to_save\": [\"ln_f\"]", "\"inference_mode\": true, \"task_type\": \"CAUSAL_LM\"",
    ])
    func acceptsWhatComputesTheSame(_ members: String) {
        #expect(throws: Never.self) {
            try read("{\"peft_type\": \"LORA\", \(Self.rest), \(members)}")
        }
    }

    @Test(arguments: [
        ("bias", "\"some\""), ("rank_pattern", "{\"c_attn\": 0}"), ("rank_pattern", "[4]"),
        ("alpha_pattern", "{\"c_attn\": \"4\"}"), ("layers_to_transform", "[-1]"),
        ("layers_pattern", "\"stages\""), ("init_lora_weights", "\"pissa\""),
        ("init_lora_weights", "\"pissa_niter_4\""), ("init_lora_weights", "\"olora\""),
        ("init_lora_weights", "\"loftq\""), ("loftq_config", "{\"loftq_bits\": 4}"),
        ("layer_replication", "[[0, 1]]"), ("trainable_token_indices", "[1]"),
        ("exclude_modules", "[1]"), ("modules_to_save", "\"lm_head\""),
        ("use_qalora", "true"), ("lora_bias", "true"), ("use_dora", "\"yes\""),
        ("r", "0"), ("r", "2.5"), ("lora_alpha", "0"), ("lora_alpha", "-1"),
        ("lora_dropout", "1"), ("target_modules", "\"\""), ("target_modules", "[]"),
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

    // MARK: Plans

    private static let llama: DecoderConfiguration = {
        var model = DecoderConfiguration.llama(
            vocabularySize: 13, contextLength: 8, embeddingSize: 8, layerCount: 3, headCount: 2,
            keyValueHeadCount: 1, mlpSize: 12)
        model.isTied = false
        return model
    }()

    private func plan(_ members: String) throws -> ParameterPlan {
        try read("{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \(members)}")
            .plan(for: Self.llama)
    }

    /// Targets, and the adapted modules without what all names begin with, their ranks and alphas.
    static let choices: [(members: String, modules: [String])] = [
        (
            #""target_modules": ".*\\.1\\.self_attn\\.(q|v)_proj""#,
            ["1.self_attn.q_proj 2 4.0", "1.self_attn.v_proj 2 4.0"]
        ),
        (
            #""target_modules": ["q_proj"], "layers_to_transform": [0, 2], "layers_pattern": "layers""#,
            ["0.self_attn.q_proj 2 4.0", "2.self_attn.q_proj 2 4.0"]
        ),
        (
            #""target_modules": "all-linear", "layers_to_transform": 1, "exclude_modules": ".*mlp.*""#,
            [
                "1.self_attn.q_proj 2 4.0", "1.self_attn.k_proj 2 4.0", "1.self_attn.v_proj 2 4.0",
                "1.self_attn.o_proj 2 4.0",
            ]
        ),
        (
            #""target_modules": ["q_proj", "o_proj"], "exclude_modules": ["0.self_attn.q_proj"], "#
                + #""layers_to_transform": [0, 1], "#
                + #""rank_pattern": {"1.self_attn.q_proj": 5, "q_proj": 6}, "#
                + #""alpha_pattern": {".*\\.o_proj": 1.5}"#,
            ["0.self_attn.o_proj 2 1.5", "1.self_attn.q_proj 5 4.0", "1.self_attn.o_proj 2 1.5"]
        ),
    ]

    @Test(arguments: choices)
    func modulesAreThoseOfPEFT(members: String, modules: [String]) throws {
        let found = try plan(members).adaptedModules.map {
            "\($0.module.name.replacing("model.layers.", with: "")) \($0.rank) \($0.alpha)"
        }
        #expect(found == modules)
    }

    @Test func whatIsTrainedBesideIsNamed() throws {
        let saved = #""target_modules": ["q_proj"], "modules_to_save": ["lm_head", "model.norm"]"#
        let plan = try plan(saved)
        let trained = Self.llama.tensorShapes.map(\.name).filter { plan.trainsBase($0) }
        #expect(trained == ["model.norm.weight", "lm_head.weight"])
        let biased = try read(
            #"{"peft_type": "LORA", "target_modules": ["c_attn"], "bias": "lora_only"}"#
        ).plan(for: Self.gpt2)
        let biases = Self.gpt2.tensorShapes.map(\.name).filter { biased.trainsBase($0) }
        #expect(biases == ["transformer.h.0.attn.c_attn.bias"])
    }

    @Test(arguments: [
        (#""target_modules": ".*nothing""#, "the adapter has no module in the model"),
        (#""target_modules": "(a+""#, "cannot read the pattern of target_modules"),
        (#""target_modules": ["nothing"]"#, "the LoRA target module nothing matches nothing"),
        (
            #""target_modules": ["q_proj"], "modules_to_save": ["nothing"]"#,
            "modules_to_save names nothing"
        ),
        (#""target_modules": ["q_proj"], "layers_to_transform": [7]"#, "the adapter has no module"),
    ])
    func whatChoosesNothingIsRefused(members: String, problem: String) throws {
        let failure = try #require(throws: Failure.self) { try plan(members) }
        #expect(failure.what.hasPrefix(problem), "\(failure)")
    }

    /// It ends in bounded time.
    @Test func aPatternThatExplodesIsRefused() {
        #expect(throws: Failure.self) { try plan(#""target_modules": "(((a|.)*)*)*x""#) }
    }
}
