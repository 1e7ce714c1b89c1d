import Collectives
import Diagnostics
import ModelFiles
import Models
import Tensors
import Tokenizers
import Training

/// The model with which another one is compared, or from which it learns.
struct ReferenceModel {
    /// What it is to the model that is trained.
    enum Role: String {
        case reference, teacher

        var key: String {
            switch self {
            case .reference: "finetune.preference.reference"
            case .teacher: "finetune.distillation.teacher"
            }
        }

        /// What to do where it has another vocabulary.
        var remedy: FailureText {
            let same: FailureText =
                "name a model with the tokenizer of \(key: "finetune.from") as the \(rawValue)"
            return switch self {
            case .reference: same
            case .teacher:
                "\(same), or let it answer prompts (generate --prompts) and learn its answers with \(key: "finetune.task") instructions"
            }
        }
    }

    /// A model or an adapter.
    let path: String
    /// The model of the adapter, where it has moved.
    let base: String?
    /// How its weights lie in memory: as those of the model that is trained, where it is that one.
    var weights = HeldWeights.floats
    var role = Role.reference

    /// Loads it on every rank. Collective.
    ///
    /// - Parameter tokenizer: of the model that is trained.
    /// - Throws: `Failure` for a classifier, and for a model of another vocabulary.
    func load(
        besides tokenizer: any Tokenizer, roundsWeights: Bool, on device: () -> Device,
        over communicator: any Communicator
    ) throws -> LanguageModel {
        let model = try communicator.agree {
            let loaded = try LoadedModel(
                path, base: base, device: device(), copyCount: communicator.neighbourCount,
                weights: weights)
            guard loaded.labels == nil else {
                throw Failure(
                    FailureText("\(key: role.key) names a classifier"),
                    expected: "a model that writes text", got: "a classifier", at: path,
                    remedy: "name another model", kind: .usage)
            }
            try requireSameTokens(loaded.tokenizer, tokenizer)
            return loaded.model
        }
        try RankInputs(model, at: path).requireEqual(over: communicator)
        if roundsWeights { model.parameters.keepBFloat16() }
        return model
    }

    /// Bytes that it takes on a rank, as the files tell them.
    ///
    /// - Parameter classCount: of the head of a model that scores; nil for one that writes text.
    func byteCount(roundsWeights: Bool, classCount: Int? = nil) throws -> Int {
        let adapter =
            try AdapterDirectory.exists(at: path) ? AdapterDirectory(reading: path) : nil
        var files = try StoredModelFormat.open(adapter?.basePath(base) ?? path)
        if let adapter { files = files.fitted(to: try adapter.model(on: files.model)) }
        files = weights.held(files)
        var plan = try adapter?.plan(for: files.model) ?? ParameterPlan()
        plan.classCount = classCount
        plan.quantized = weights.quantizedTypes(of: files)
        // Adapters of tables are folded in.
        for name in try adapter?.tableNames(of: files.model) ?? [] { plan.quantized[name] = nil }
        if adapter == nil && !plan.quantized.isEmpty { plan.trainsBase = { _ in false } }
        return (4 + (roundsWeights ? 2 : 0)) * plan.layout(of: files.model).flatCount
            + plan.quantizedByteCount(of: files.model)
    }

    /// The same tokens have the same numbers, however the tokenizers are stored.
    private func requireSameTokens(_ own: any Tokenizer, _ wanted: any Tokenizer) throws {
        let count = wanted.vocabularySize
        let different =
            own.vocabularySize == count
            ? (0..<Int32(count)).first {
                (try? own.bytes(of: [$0])) != (try? wanted.bytes(of: [$0]))
            } : Int32(min(own.vocabularySize, count))
        guard let different else { return }
        func text(_ tokenizer: any Tokenizer) -> String {
            guard Int(different) < tokenizer.vocabularySize else { return "none" }
            let bytes = (try? tokenizer.bytes(of: [different])) ?? []
            return String(decoding: bytes, as: UTF8.self).debugDescription
        }
        throw Failure(
            "the \(role.rawValue) has another vocabulary",
            expected: "\(count) tokens, of which \(different) is \(text(wanted))",
            got: "\(own.vocabularySize), of which it is \(text(own))", at: path,
            remedy: role.remedy)
    }
}
