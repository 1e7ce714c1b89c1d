import Diagnostics
import Foundation
import ModelFiles
import Models
import Tensors
import Tokenizers

/// Loads models for the server, all in the same way.
package struct ModelLoader: Sendable {
    private let device: Device
    private let options: ServingOptions
    private let prepare: @Sendable (LanguageModel) -> Void

    /// - Parameter prepare: decides how the weights are multiplied.
    package init(
        device: Device, options: ServingOptions,
        prepare: @escaping @Sendable (LanguageModel) -> Void
    ) {
        (self.device, self.options, self.prepare) = (device, options, prepare)
    }

    /// - Parameters:
    ///   - name: nil for that of the directory or file.
    ///   - root: the model that it adapts or comes after, whose tokens it has.
    /// - Throws: `Failure` for what is no model, and for one of other tokens.
    package func load(
        _ path: String, name: String? = nil, besides root: ServedModel? = nil
    ) throws -> ServedModel {
        let (model, tokenizer) = try LoadedModel.load(
            path, device: device, weights: options.weights)
        if let root, tokenizer.tokenizerJSON != root.tokenizer.tokenizerJSON {
            throw Failure(
                "the model has another tokenizer than \(root.name)", expected: "the same tokens",
                got: "\(tokenizer.vocabularySize) of its own", at: path)
        }
        prepare(model)
        let most = model.configuration.contextLength
        let context = min(options.contextLength ?? most, root?.contextLength ?? most)
        guard context <= most else {
            throw Failure(
                "the model sees less than the server was started for",
                expected: "\(context) tokens", got: "\(most)", at: path)
        }
        return ServedModel(
            name: name ?? Self.name(of: path), path: path, model: model,
            tokenizer: root?.tokenizer ?? tokenizer,
            template: try root?.template ?? template(path, tokenizer), contextLength: context,
            created: Int(Date().timeIntervalSince1970), root: root?.name)
    }

    /// The name of a model: that of its directory or file, of a checkpoint that of its run.
    private static func name(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        guard let last = parts.last else { return "model" }
        let isCheckpoint = last == "latest" || last == "best" || last.hasPrefix("step-")
        let name = isCheckpoint && parts.count >= 3 ? parts[parts.count - 3] : last
        return name.hasSuffix(".gguf") ? String(name.dropLast(5)) : name
    }

    private func template(_ directory: String, _ tokenizer: any Tokenizer) throws -> ChatTemplate? {
        if options.template == nil, try ChatTemplate.kept(in: directory) == nil { return nil }
        return try ChatTemplate.template(
            options.template, model: directory, tokenizer: tokenizer)
    }
}
