import Diagnostics
import ModelFiles
import Models

/// An adapter that is trained on, and the model for which it was made.
struct AdapterStart {
    let directory: AdapterDirectory
    /// The directory of its base.
    let base: String
    private let configuration: AdapterConfiguration

    /// Nil where the directory holds no adapter.
    ///
    /// - Throws: a usage `Failure` where other weights than adapters are to be trained, and where the block
    ///   lora asks for another adapter.
    init?(_ path: String, _ options: FineTuneOptions, _ lora: LoRAOptions) throws {
        guard try AdapterDirectory.exists(at: path) else { return nil }
        guard options.trained == .lora else {
            throw Failure(
                FailureText("\(key: "finetune.from") names an adapter"),
                expected:
                    "a model, or \(FineTuneOptions.Trained.lora.rawValue) as finetune.trained",
                got: "a PEFT directory", at: path, remedy: "merge it into its base first",
                kind: .usage)
        }
        directory = try AdapterDirectory(reading: path)
        base = try directory.basePath(options.base)
        var configuration = directory.configuration
        try Self.require(lora, of: configuration, at: path)
        if lora.dropout != LoRAOptions().dropout {
            configuration.lora.dropoutRate = Float(lora.dropout)
        }
        self.configuration = configuration
    }

    /// The adapter with the tables that lie beside it.
    func configuration(for model: DecoderConfiguration) throws -> AdapterConfiguration {
        var own = try directory.configuration(for: model)
        own.lora.dropoutRate = configuration.lora.dropoutRate
        return own
    }

    /// Throws where a key of the block lora has a value of its own that is not the adapter's.
    private static func require(
        _ lora: LoRAOptions, of adapter: AdapterConfiguration, at path: String
    ) throws {
        let own = LoRAOptions(adapter)
        for field in LoRAOptions.fields where field.key != "dropout" {
            let (given, found) = (field.read(lora), field.read(own))
            guard given != found, given != field.read(LoRAOptions()) else { continue }
            throw Failure(
                FailureText("\(key: "lora.\(field.key)") is not that of the adapter"),
                expected: "\(found)", got: "\(given)", at: path,
                remedy: "leave it out: an adapter keeps its sizes", kind: .usage)
        }
    }
}
