import Diagnostics
import JSON
import ModelFiles
import Models
import ReferenceModels
import Testing

/// What config.json of each family says is read, written again, or refused by name.
@Suite struct FamilyConfigurationTests {
    private func read(_ text: String) throws -> HuggingFaceConfiguration {
        let json = try JSONValue(parsing: Array(text.utf8), at: "config.json")
        return try HuggingFaceConfiguration(json: json, at: "config.json")
    }

    @Test(arguments: ReferenceModel.all)
    func configurationsOfTransformersSurviveARoundTrip(_ reference: ReferenceModel) throws {
        let configuration = try HuggingFaceConfiguration(reading: reference.directory)
        #expect(try read(configuration.json.text()) == configuration)
    }

    @Test(arguments: ModelPreset.allCases)
    func presetsSurviveARoundTrip(_ preset: ModelPreset) throws {
        let configuration = HuggingFaceConfiguration(
            model: preset.configuration(vocabularySize: 65), endOfTextIDs: [2])
        #expect(try read(configuration.json.text()).model == configuration.model)
    }

    @Test(arguments: [
        (
            #""model_type": "mistral", "sliding_window": 7"#, [true, true],
            [RotaryPositions(), RotaryPositions()]
        ),
        (
            #""model_type": "qwen2", "use_sliding_window": true, "max_window_layers": 1"#,
            [false, true], [RotaryPositions(), RotaryPositions()]
        ),
        (
            #""model_type": "qwen3", "sliding_window": 7, "use_sliding_window": false"#,
            [false, false], [RotaryPositions(), RotaryPositions()]
        ),
        (
            #""model_type": "gemma3_text", "sliding_window_pattern": 2, "rope_theta": 50, "#
                + #""rope_local_base_freq": 20, "rope_scaling": {"rope_type": "linear", "factor": 8}"#,
            [true, false],
            [
                RotaryPositions(theta: 20),
                RotaryPositions(theta: 50, scaling: .linear(factor: 8)),
            ]
        ),
        (#""model_type": "gemma2""#, [true, false], [RotaryPositions(), RotaryPositions()]),
    ])
    func windowsAndBasesAreThoseOfTheLayers(
        _ members: String, _ slides: [Bool], _ positions: [RotaryPositions]
    ) throws {
        let model = try read("{\(members), \"num_hidden_layers\": 2}").model
        #expect(slides.indices.map { model.sliding?.layers.holds($0) ?? false } == slides)
        guard case .rotary(let usual) = model.positions else { return }
        let found = slides.map { $0 ? model.sliding?.positions ?? usual : usual }
        #expect(found == positions)
    }

    /// Older and newer words for the same.
    @Test(arguments: [
        (
            #""rope_scaling": {"type": "su", "short_factor": [1, 2], "long_factor": [3, 4]}"#,
            #""rope_parameters": {"rope_type": "longrope", "rope_theta": 10000, "#
                + #""short_factor": [1, 2], "long_factor": [3, 4]}"#
        ),
        (
            #""rope_theta": 30, "partial_rotary_factor": 0.5"#,
            #""rope_parameters": {"rope_theta": 30, "partial_rotary_factor": 0.5}"#
        ),
    ])
    func oldAndNewWordsMeanTheSame(_ old: String, _ new: String) throws {
        let sizes = #""model_type": "phi3", "hidden_size": 8, "num_attention_heads": 2"#
        #expect(try read("{\(sizes), \(old)}") == read("{\(sizes), \(new)}"))
    }

    @Test(arguments: [
        (#""llama", "rope_scaling": {"rope_type": "proportional", "factor": 2}"#, "rope_type"),
        (#""llama", "rope_scaling": {"type": "ntk", "factor": 2}"#, "type"),
        (#""llama", "rope_scaling": {"rope_type": "linear"}"#, "factor"),
        (#""llama", "rope_scaling": {"rope_type": "yarn", "factor": 0}"#, "factor"),
        (#""llama", "rope_scaling": {"type": "longrope", "short_factor": [1]}"#, "short_factor"),
        (#""llama", "partial_rotary_factor": 0.5"#, "partial_rotary_factor"),
        (#""phi3", "partial_rotary_factor": 1.5"#, "partial_rotary_factor"),
        (#""phi3", "partial_rotary_factor": 0.02"#, "partial_rotary_factor"),
        (#""phi3", "resid_pdrop": 1.5"#, "resid_pdrop"),
        (#""phi3", "sliding_window": 0"#, "sliding_window"),
        (#""gemma2", "use_bidirectional_attention": true"#, "use_bidirectional_attention"),
        (#""gemma2", "query_pre_attn_scalar": 0"#, "query_pre_attn_scalar"),
        (#""gemma2", "attn_logit_softcapping": -1"#, "attn_logit_softcapping"),
        (#""gemma2", "hidden_activation": "gelu""#, "hidden_activation"),
        (#""gemma3_text", "attn_logit_softcapping": 50"#, "attn_logit_softcapping"),
        (#""gemma3_text", "sliding_window": null"#, "sliding_window"),
        (#""gemma3_text", "layer_types": ["full_attention"]"#, "layer_types"),
        (
            #""qwen2", "use_sliding_window": true, "layer_types": ["chunked_attention"]"#,
            "layer_types"
        ),
        (#""gpt_neox", "hidden_act": "relu""#, "hidden_act"),
        (#""gpt_neox", "rotary_pct": 0.01"#, "rotary_pct"),
        (#""gpt_neox", "attention_dropout": -1"#, "attention_dropout"),
        (#""gpt_neox", "num_attention_heads": 7"#, "num_attention_heads"),
    ])
    func whatIsNotComputedIsRefusedByName(_ members: String, _ key: String) {
        #expect {
            try read("{\"model_type\": \(members)}")
        } throws: { error in
            (error as? Failure)?.what == "cannot use this model: \(key)"
        }
    }
}
