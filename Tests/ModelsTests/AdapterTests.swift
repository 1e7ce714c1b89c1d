import Diagnostics
import Foundation
import Models
import ReferenceModels
import Tensors
import Testing

/// Adapters beside the weights of reference models, against weights into which plain loops have put them.
@Suite struct AdapterTests {
    /// The same float32 sums in another order, through a few layers.
    static let tolerance: Float = 1e-5

    let device = Device(threadCount: 2)

    static let kinds: [LoRAConfiguration] = [
        (false, false), (true, false), (false, true), (true, true),
    ]
    .map { isRankStabilized, decomposesWeights in
        var lora = LoRAConfiguration()
        (lora.rank, lora.alpha) = (3, 5)
        lora.isRankStabilized = isRankStabilized
        lora.decomposesWeights = decomposesWeights
        return lora
    }

    /// The reference's weights with adapters that change what it computes.
    private func adapted(
        _ reference: ReferenceModel, _ lora: LoRAConfiguration
    ) throws -> LanguageModel {
        let base = try reference.model(device: device)
        let model = LanguageModel(
            base.configuration, device: device,
            plan: try ParameterPlan(lora: lora, of: base.configuration))
        for parameter in base.parameters.parameters {
            let own = try #require(model.parameters[parameter.name])
            device.copy(base.parameters.value(of: parameter), to: model.parameters.value(of: own))
        }
        model.initializeAdditions(seed: 3)
        return model
    }

    private func disturb(_ model: LanguageModel) {
        for layer in model.adapters.layers {
            device.fillNormal(
                model.parameters.value(of: layer.b), deviation: 0.3, stream: layer.b.index, seed: 4)
            guard let magnitude = layer.magnitude else { continue }
            let values = model.parameters.value(of: magnitude).buffer
            for index in values.indices { values[index] *= 1 + 0.1 * Float(index % 5) }
        }
    }

    private func logits(_ model: LanguageModel, _ reference: ReferenceModel) throws -> [Float] {
        let inputs = try reference.tokens("input_ids", device: device)
        return model.logits(Tape(device: device), inputs: inputs).value.array
    }

    @Test(arguments: [ReferenceModel.gpt2[0]] + ReferenceModel.oneOfEachFamily, kinds)
    func newAdaptersChangeNothing(
        _ reference: ReferenceModel, _ lora: LoRAConfiguration
    ) throws {
        let model = try adapted(reference, lora)
        let plain = try logits(reference.model(device: device), reference)
        #expect(relativeError(try logits(model, reference), plain) < Self.tolerance)
    }

    @Test(arguments: [ReferenceModel.gpt2[0]] + ReferenceModel.oneOfEachFamily, kinds)
    func adaptersComputeWhatTheirSumsCompute(
        _ reference: ReferenceModel, _ lora: LoRAConfiguration
    ) throws {
        let model = try adapted(reference, lora)
        disturb(model)
        let found = try logits(model, reference)

        let plain = try reference.model(device: device)
        #expect(relativeError(found, try logits(plain, reference)) > 0.01)
        for layer in model.adapters.layers { try fold(layer, of: model, into: plain) }
        #expect(relativeError(found, try logits(plain, reference)) < Self.tolerance)

        model.mergeAdapters()
        #expect(relativeError(try logits(model, reference), found) < Self.tolerance)
        for (merged, folded) in zip(model.baseParameters, plain.parameters.parameters) {
            let error = relativeError(
                model.parameters.value(of: merged).array,
                plain.parameters.value(of: folded).array)
            #expect(error < Self.tolerance, "\(merged.name)")
        }
        // What is merged stands in the weights alone.
        model.mergeAdapters()
        #expect(relativeError(try logits(model, reference), found) < Self.tolerance)
    }

    /// W + s B A; with magnitudes m, each output's weights brought to that length.
    private func fold(
        _ layer: LoRALayer, of model: LanguageModel, into plain: LanguageModel
    ) throws {
        let lora = model.adapters.configuration
        let divisor = lora.isRankStabilized ? Double(lora.rank).squareRoot() : Double(lora.rank)
        let scale = lora.alpha / divisor
        let a = model.parameters.value(of: layer.a).array
        let b = model.parameters.value(of: layer.b).array
        let magnitude = layer.magnitude.map { model.parameters.value(of: $0).array }
        let weight = try #require(plain.parameters[layer.module.weightName])
        let values = plain.parameters.value(of: weight).buffer
        let (inputs, outputs) = (layer.module.inputSize, layer.module.outputSize)
        for output in 0..<outputs {
            func place(_ input: Int) -> Int {
                layer.module.isOutputFirst ? output * inputs + input : input * outputs + output
            }
            var row = (0..<inputs).map { input in
                (0..<lora.rank).reduce(Double(values[place(input)])) { sum, r in
                    sum + scale * Double(b[output * lora.rank + r]) * Double(a[r * inputs + input])
                }
            }
            if let magnitude {
                let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                row = row.map { $0 * Double(magnitude[output]) / length }
            }
            for input in 0..<inputs { values[place(input)] = Float(row[input]) }
        }
    }

    @Test(
        .enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"), arguments: kinds)
    func roundedAdaptersComputeRoughlyTheSame(_ lora: LoRAConfiguration) throws {
        let reference = ReferenceModel.gpt2[0]
        let model = try adapted(reference, lora)
        disturb(model)
        let inputs = try reference.tokens("input_ids", device: device)
        let targets = try reference.tokens("targets", device: device)
        func gradients() -> (loss: Double, values: [Float]) {
            let gradients = ParameterGradients(model.parameters)
            let tape = Tape(device: device, gradients: gradients)
            let loss = model.loss(tape, inputs: inputs, targets: targets, scale: 0.1)
            tape.backward(from: loss.root)
            return (loss.value, gradients.values.array)
        }
        let floats = gradients()
        model.parameters.keepBFloat16()
        let rounded = gradients()
        #expect(abs(rounded.loss - floats.loss) < 0.01 * floats.loss)
        // Eight bits, through all layers and back.
        #expect(relativeError(rounded.values, floats.values) < 0.05)
        #expect(rounded.values != floats.values)
    }

    @Test(arguments: [
        (["c_attn"], 2), (["attn.c_proj", "mlp.c_fc"], 4), (["all-linear"], 8),
        (["transformer.h.1.attn.c_attn"], 1), (["c_proj"], 4),
    ])
    func targetsAreNamesOrTheirEnds(targets: [String], count: Int) throws {
        var lora = LoRAConfiguration()
        lora.targetModules = targets
        let sizes = DecoderConfiguration.gpt2(
            vocabularySize: 7, contextLength: 4, embeddingSize: 4, layerCount: 2, headCount: 2)
        #expect(try lora.modules(of: sizes).count == count)
    }

    /// A part of a name, another architecture's, a norm, no linear layer, nothing.
    @Test(arguments: ["attn", "proj", "q_proj", "ln_1", "wte", ""])
    func targetsThatMatchNothingAreRefused(target: String) throws {
        var lora = LoRAConfiguration()
        lora.targetModules = ["c_attn", target]
        let sizes = DecoderConfiguration.gpt2(
            vocabularySize: 7, contextLength: 4, embeddingSize: 4, layerCount: 2, headCount: 2)
        #expect {
            _ = try ParameterPlan(lora: lora, of: sizes)
        } throws: { error in
            let failure = error as? Failure
            return failure?.kind == .usage
                && failure?.line.contains("\(target) matches nothing") == true
                && failure?.line.contains("c_attn, c_fc, c_proj") == true
        }
    }
}
