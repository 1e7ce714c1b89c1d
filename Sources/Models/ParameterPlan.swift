import Tensors

/// The changes of fine-tuning to the tensors of a model: those that it adds, and which are trained.
package struct ParameterPlan: Sendable {
    /// The modules that get a low-rank adapter, and its sizes.
    package private(set) var lora: LoRAConfiguration?
    package private(set) var adaptedModules: [AdaptedModule] = []
    /// Classes of a head beside the output layer; nil for none.
    package var classCount: Int?
    /// Whether there is a head beside the output layer that estimates what the rest of a text is worth.
    package var hasValueHead = false
    /// Whether a tensor of the architecture is trained, by its name; what is added always is.
    package var trainsBase: @Sendable (String) -> Bool
    /// The types of the tensors of the architecture that stay quantised where they are not trained.
    package var quantized: [String: QuantizedType] = [:]
    /// What the weights are quantised to when they are read; nil keeps what is stored.
    package var quantization: WeightQuantization?

    /// The weight [classes, C] of a classification head, under its Hugging Face name.
    package static let headName = "score.weight"
    /// The weight [1, C] of a value head, which is no part of a model that others load.
    package static let valueHeadName = "v_head.weight"

    package init(trainsBase: @escaping @Sendable (String) -> Bool = { _ in true }) {
        self.trainsBase = trainsBase
    }

    /// Adapters beside a frozen model.
    ///
    /// - Throws: a usage `Failure` where a target module matches nothing.
    package init(lora: LoRAConfiguration, of model: DecoderConfiguration) throws {
        let modules = try lora.modules(of: model).map { module in
            AdaptedModule(module, rank: lora.rank, alpha: lora.alpha)
        }
        self.init(lora: lora, modules)
    }

    /// Adapters of these modules beside a model of which some tensors are trained as they are.
    package init(
        lora: LoRAConfiguration, _ modules: [AdaptedModule], training names: Set<String> = []
    ) {
        self.init { names.contains($0) }
        self.lora = lora
        adaptedModules = modules
    }

    /// The tensors of the architecture, then those of adapters, then the heads.
    package func tensorShapes(
        of model: DecoderConfiguration
    ) -> [(name: String, shape: [Int])] {
        let adapters = adaptedModules.flatMap { module in
            LoRALayer.tensorShapes(beside: module, lora ?? LoRAConfiguration())
        }
        let head = classCount.map { (Self.headName, [$0, model.embeddingSize]) }
        let values = hasValueHead ? [(Self.valueHeadName, [1, model.embeddingSize])] : []
        return model.tensorShapes + adapters + (head.map { [$0] } ?? []) + values
    }

    /// The places of the parameters of a model in one flat vector.
    package func layout(of model: DecoderConfiguration) -> ParameterLayout {
        let base = Set(model.tensorShapes.map(\.name))
        return ParameterLayout(
            tensorShapes(of: model), isTrained: { !base.contains($0) || trainsBase($0) },
            isQuantized: { quantized[$0] != nil })
    }

    /// - Parameter weights: where the flat vector lies, all 0; nil takes memory of the device.
    func parameters(
        of model: DecoderConfiguration, device: Device, weights: Tensor<Float>?
    ) -> ParameterList {
        ParameterList(layout(of: model), device: device, values: weights)
    }

    /// The bytes of what stays quantised, as in a file.
    package func quantizedByteCount(of model: DecoderConfiguration) -> Int {
        layout(of: model).parameters.reduce(0) { sum, parameter in
            guard parameter.isQuantized, let type = quantized[parameter.name] else { return sum }
            return sum + type.byteCount(of: parameter.count)
        }
    }
}
