import Collectives
import Diagnostics
import JSON
import ModelFiles
import Models
import TemporaryFolders
import Tensors
import Testing
import Tokenizers
import Training

/// Adapters that save the tables of embeddings and output layer, tied or with more rows than the base's.
@Suite struct AdapterTableTests {
    private let device = Device(threadCount: 1)
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let embeddings = "model.embed_tokens.weight"
    private static let output = "lm_head.weight"

    /// A base on the disk: a Llama of 11 rows, width 8.
    private func base(isTied: Bool) throws -> any StoredModel {
        let model = LanguageModel(
            .llama(
                vocabularySize: 11, contextLength: 8, embeddingSize: 8, layerCount: 1,
                headCount: 2, keyValueHeadCount: 1, mlpSize: 12, isTied: isTied), device: device)
        model.initialize(seed: 3)
        let path = folder("base-\(isTied)")
        try ModelFile(model: model, tokenizer: CharacterTokenizer(text: "abc\n")).publish(
            at: path, isReplacing: true)
        return try StoredModelFormat.open(path)
    }

    private func values(_ files: any StoredModel, _ name: String, _ range: Range<Int>? = nil)
        throws -> [Float]
    {
        let shape = try #require(files.shape(ofTensor: name))
        var values = [Float](repeating: .nan, count: range?.count ?? shape.reduce(1, *))
        try values.withUnsafeMutableBufferPointer {
            try files.readTensor(named: name, range, into: $0)
        }
        return values
    }

    @Test(arguments: [false, true])
    func newRowsAreTheMeanOfTheOthers(isTied: Bool) throws {
        let files = try base(isTied: isTied)
        var wider = files.model
        wider.vocabularySize = 14
        let fitted = files.fitted(to: wider)
        #expect(fitted.model == wider)
        for name in isTied ? [Self.embeddings] : [Self.embeddings, Self.output] {
            let (old, new) = (try values(files, name), try values(fitted, name))
            #expect(Array(new.prefix(88)) == old)
            let mean = (0..<8).map { column in
                Float((0..<11).reduce(0.0) { $0 + Double(old[$1 * 8 + column]) } / 11)
            }
            #expect(Array(new.dropFirst(88)) == mean + mean + mean)
            // Parts of it are parts of the same.
            for range in [0..<5, 80..<100, 90..<112, 88..<96] {
                #expect(try values(fitted, name, range) == Array(new[range]))
            }
        }
        let norm = "model.norm.weight"
        #expect(try values(fitted, norm) == values(files, norm))
    }

    @Test func anOutputLayerThatWasTiedIsACopy() throws {
        let files = try base(isTied: true)
        var own = files.model
        own.isTied = false
        let fitted = files.fitted(to: own)
        #expect(try values(fitted, Self.output) == values(files, Self.embeddings))
        #expect(files.fitted(to: files.model).path == files.path)
    }

    // MARK: Adapters

    private func lora() -> LoRAConfiguration {
        var lora = LoRAConfiguration()
        (lora.rank, lora.targetModules) = (2, ["q_proj"])
        return lora
    }

    /// Writes an adapter whose trained tensors are random, and returns its model and its directory.
    private func save(
        _ adapter: AdapterConfiguration, rows: Int = 11
    ) throws -> (model: LanguageModel, path: String) {
        let files = try base(isTied: true)
        var sizes = adapter.fitted(files.model)
        sizes.vocabularySize = rows
        let model = LanguageModel(sizes, device: device, plan: try adapter.plan(for: sizes))
        try model.readWeights(of: files.fitted(to: sizes))
        for parameter in model.parameters.trained {
            device.fillNormal(
                model.parameters.value(of: parameter), deviation: 0.2, stream: parameter.index,
                seed: 9)
        }
        var checkpoint = CheckpointFiles(
            tokenizerJSON: try CharacterTokenizer(text: "abc\n").tokenizerJSON,
            tokenizerConfigurationJSON: Array("{}".utf8), endOfTextIDs: [], recipe: "")
        checkpoint.adapter = adapter
        checkpoint.weightsMetadata = AdapterDirectory.metadata(
            baseHash: model.baseHash, labels: nil)
        let store = CheckpointStore(directory: folder.path)
        let saver = CheckpointSaver(
            model, Optimizer(OptimizerOptions(), parameters: model.parameters).state, store: store,
            files: checkpoint, options: CheckpointOptions(), over: SingleProcess())
        try saver.begin(TrainerState(step: 1, laneCount: 1))
        try saver.finish()
        return (model, store.path(ofStep: 1))
    }

    private func rewrite(_ adapter: AdapterConfiguration, for model: LanguageModel) throws {
        try folder.write(
            try adapter.json(for: model.configuration).text(),
            to: "step-00000001/\(AdapterConfiguration.fileName)")
    }

    private func logits(_ model: LanguageModel) -> [Float] {
        let tokens: [Int32] = [1, 5, 2, 10, 0, 7]
        let inputs = device.tensor(tokens, shape: [1, 6])
        return model.logits(Tape(device: device), inputs: inputs).value.array
    }

    /// The modules that are saved, whether they stay tied, and the tables in the file.
    static let choices: [(saved: [String], isTied: Bool, tables: [String])] = [
        (["embed_tokens"], false, [embeddings]), (["lm_head"], false, [output]),
        (["embed_tokens", "lm_head"], false, [embeddings, output]),
        (["embed_tokens"], true, [embeddings, output]),
        (["lm_head"], true, [embeddings, output]),
    ]

    @Test(arguments: choices)
    func tiedTablesAreSavedAsPEFTDoes(saved: [String], isTied: Bool, tables: [String]) throws {
        var adapter = AdapterConfiguration(lora: lora(), basePath: folder("base-true"))
        (adapter.savedModules, adapter.tiesSavedTables) = (saved, isTied)
        let (model, path) = try save(adapter)
        #expect(model.configuration.isTied == isTied)
        let file = try SafetensorsFile(path: "\(path)/\(AdapterDirectory.weightsName)")
        let names = file.entries.map(\.name).filter { !$0.contains("lora") }
        #expect(Set(names) == Set(tables.map { AdapterDirectory.prefix + $0 }))
        let loaded = try LoadedModel(path, device: device)
        #expect(loaded.model.configuration.isTied == isTied)
        #expect(logits(loaded.model) == logits(model))
    }

    /// PEFT adds tables that have changed their sizes, and does not list them.
    @Test func tablesOfMoreRowsAreReadWithoutBeingListed() throws {
        var adapter = AdapterConfiguration(lora: lora(), basePath: folder("base-true"))
        adapter.saveTables(of: try base(isTied: true).model)
        #expect(adapter.savedModules == ["embed_tokens", "lm_head"] && adapter.tiesSavedTables)
        let (model, path) = try save(adapter, rows: 13)
        let before = logits(model)
        #expect(before.count == 6 * 13)
        #expect(logits(try LoadedModel(path, device: device).model) == before)
        adapter.savedModules = []
        adapter.tiesSavedTables = false
        try rewrite(adapter, for: model)
        let loaded = try LoadedModel(path, device: device).model
        #expect(loaded.configuration.isTied && loaded.configuration.vocabularySize == 13)
        #expect(logits(loaded) == before)
    }

    @Test func aTableThatIsNoCopyOfTheOtherIsRefused() throws {
        var adapter = AdapterConfiguration(lora: lora(), basePath: folder("base-true"))
        adapter.savedModules = ["embed_tokens", "lm_head"]
        let (model, path) = try save(adapter)
        adapter.tiesSavedTables = true
        try rewrite(adapter, for: model)
        let line = failureLine { _ = try LoadedModel(path, device: device) }
        #expect(line.contains("differs from the embedding table"), "\(line)")
    }
}
