import Collectives
import Diagnostics
import ModelFiles
import Models
import TemporaryFolders
import Tensors
import Testing
import Training

/// Adapters in files, and the weights beside them in training.
@Suite struct AdapterCheckpointTests {
    private let device = Device(threadCount: 1)
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func lora(rank: Int = 3) -> LoRAConfiguration {
        var lora = LoRAConfiguration()
        lora.rank = rank
        lora.targetModules = ["c_attn", "mlp.c_proj"]
        lora.decomposesWeights = true
        return lora
    }

    private func model(
        _ lora: LoRAConfiguration?, classes: Int? = nil, seed: UInt64 = 1,
        trains: @escaping @Sendable (String) -> Bool = { _ in true }
    ) throws -> LanguageModel {
        let sizes = DecoderConfiguration.gpt2(
            vocabularySize: 11, contextLength: 8, embeddingSize: 8, layerCount: 2,
            headCount: 2, dropoutRate: 0)
        var plan =
            try lora.map { try ParameterPlan(lora: $0, of: sizes) }
            ?? ParameterPlan(trainsBase: trains)
        plan.classCount = classes
        let model = LanguageModel(sizes, device: device, plan: plan)
        model.initialize(seed: seed)
        model.initializeAdditions(seed: seed)
        for parameter in model.addedParameters {
            device.fillNormal(
                model.parameters.value(of: parameter), deviation: 0.2, stream: parameter.index,
                seed: seed)
        }
        return model
    }

    private func save(_ model: LanguageModel, labels: [String]? = nil) throws -> String {
        var files = CheckpointFiles(
            tokenizerJSON: [], tokenizerConfigurationJSON: [], endOfTextIDs: [], recipe: "")
        files.adapter = AdapterConfiguration(
            lora: model.adapters.configuration, basePath: "base", hasHead: labels != nil)
        files.labels = labels
        files.weightsMetadata = AdapterDirectory.metadata(
            baseHash: model.baseHash, labels: labels)
        let store = CheckpointStore(directory: folder.path)
        let saver = CheckpointSaver(
            model, Optimizer(OptimizerOptions(), parameters: model.parameters).state, store: store,
            files: files, options: CheckpointOptions(), over: SingleProcess())
        try saver.begin(TrainerState(step: 1, laneCount: 1))
        try saver.finish()
        return store.path(ofStep: 1)
    }

    @Test(arguments: [nil, ["ham", "spam", "eggs, \"fried\""]])
    func anAdapterComesBackBitForBit(labels: [String]?) throws {
        let written = try model(lora(), classes: labels?.count)
        let directory = try AdapterDirectory(reading: save(written, labels: labels))
        #expect(directory.configuration.lora == lora())
        #expect(directory.labels == labels)
        let read = LanguageModel(
            written.configuration, device: device,
            plan: try directory.plan(for: written.configuration))
        read.initialize(seed: 1)
        try directory.read(into: read)
        #expect(read.parameters.values.array == written.parameters.values.array)
    }

    @Test func anotherBaseIsRefused() throws {
        let path = try save(model(lora()))
        let directory = try AdapterDirectory(reading: path)
        let other = try model(lora(), seed: 2)
        let line = failureLine { try directory.read(into: other) }
        #expect(
            line.hasPrefix("the adapter was made for another base: expected weights of SHA-256"))
        #expect(line.contains("(\(path))"))
    }

    @Test func tensorsOfAnotherShapeAreRefusedAndNamed() throws {
        let directory = try AdapterDirectory(reading: save(model(lora())))
        let other = try model(lora(rank: 2))
        let before = other.parameters.values.array
        let line = failureLine { try directory.read(into: other) }
        #expect(line.contains("transformer.h.0.attn.c_attn.lora_A.weight"), "\(line)")
        #expect(other.parameters.values.array == before)
        let more = try model(LoRAConfiguration())
        #expect(failureLine { try directory.read(into: more) }.contains("c_fc.lora_A.weight"))
    }

    @Test func aBaseThatIsGoneIsNamed() throws {
        let path = try save(model(lora()))
        let directory = try AdapterDirectory(reading: path)
        let line = failureLine { _ = try directory.basePath() }
        #expect(line.contains("the model for which the adapter was made is not there"))
        #expect(line.contains("got base"))
    }

    /// Trains one step on random gradients of the loss.
    private func changedNames(_ model: LanguageModel, factors: [String] = []) -> Set<String> {
        var options = OptimizerOptions()
        options.learningRateFactors = factors
        options.weightDecay = 0.1
        let before = model.parameters.values.array
        let gradients = ParameterGradients(model.parameters)
        let tape = Tape(device: device, gradients: gradients)
        let tokens = device.tensor((0..<8).map { Int32($0) }, shape: [1, 8])
        let loss = model.loss(tape, inputs: tokens, targets: tokens, scale: 1)
        tape.backward(from: loss.root)
        gradients.zeroWhatIsMissing()
        Optimizer(options, parameters: model.parameters)
            .update(gradients.values, learningRate: 0.01, gradientScale: 1)
        let changed = model.parameters.parameters.filter { parameter in
            model.parameters.value(of: parameter).array != Array(before[parameter.range])
        }
        return Set(changed.map(\.name))
    }

    @Test func onlyAdaptersHaveGradientsAndChange() throws {
        let model = try model(lora())
        #expect(model.parameters.trained.map(\.name) == model.addedParameters.map(\.name))
        #expect(model.parameters.layout.trainedCount < model.parameters.layout.flatCount / 2)
        #expect(changedNames(model) == Set(model.addedParameters.map(\.name)))
    }

    @Test func frozenWeightsKeepTheirBits() throws {
        let model = try model(nil) { !$0.contains(".h.0.") }
        let names = Set(model.parameters.parameters.map(\.name))
        #expect(changedNames(model) == names.filter { !$0.contains(".h.0.") })
    }

    /// The later pattern counts.
    @Test func aFactorOfZeroKeepsBitsAndOthersScaleTheStep() throws {
        let factors = ["*.h.*=0", "*.h.1.*=0.5"]
        let model = try model(nil)
        let names = Set(model.parameters.parameters.map(\.name))
        #expect(changedNames(model, factors: factors) == names.filter { !$0.contains(".h.0.") })

        // The first update of AdamW is as long as the learning rate: biases, which do not decay.
        let plain = try self.model(nil)
        let start = plain.parameters.values.array
        _ = changedNames(plain)
        let bias = try #require(model.parameters["transformer.h.1.mlp.c_proj.bias"])
        for index in bias.range {
            let (half, whole) = (
                model.parameters.values.array[index], plain.parameters.values.array[index]
            )
            #expect(abs((half - start[index]) - 0.5 * (whole - start[index])) < 1e-8)
        }
    }
}
