import Diagnostics
import Files
import JSON
import Models
import Tensors

/// A PEFT directory: adapter_config.json and adapter_model.safetensors.
///
/// Beyond what PEFT writes, the metadata of the tensors holds the hash of the base and the labels of a
/// classification head; PEFT passes over both.
package struct AdapterDirectory: Sendable {
    package static let weightsName = "adapter_model.safetensors"
    /// The text that PEFT puts before the names of this project.
    package static let prefix = "base_model.model."
    private static let hashKey = "base_model_sha256"
    private static let labelsKey = "labels"

    package let path: String
    package let configuration: AdapterConfiguration
    private let file: SafetensorsFile

    /// - Throws: `Failure` where the system cannot find out.
    package static func exists(at path: String) throws(Failure) -> Bool {
        try DirectoryEntries.isThere("\(path)/\(AdapterConfiguration.fileName)")
    }

    package init(reading path: String) throws(Failure) {
        self.path = path
        configuration = try AdapterConfiguration(reading: path)
        file = try SafetensorsFile(path: "\(path)/\(Self.weightsName)")
    }

    /// The number of parameters, with those of a classification head.
    package var parameterCount: Int { file.entries.reduce(0) { $0 + $1.elementCount } }
    package var tensorCount: Int { file.entries.count }

    /// The labels of a classification head; where PEFT wrote the adapter, the classes have numbers.
    /// Nil without a head.
    package var labels: [String]? {
        guard configuration.hasHead else { return nil }
        let stored = file.metadata[Self.labelsKey].flatMap { text in
            try? JSONValue(parsing: Array(text.utf8), at: path).array?.compactMap(\.string)
        }
        let count = file["\(Self.prefix)\(ParameterPlan.headName)"]?.shape.first ?? 0
        return stored ?? (0..<count).map { "LABEL_\($0)" }
    }

    /// The parameters that the adapter adds to a model.
    ///
    /// - Throws: `Failure` where the tensors of the file are others: nothing has been allocated for them
    ///   then.
    package func plan(for model: DecoderConfiguration) throws -> ParameterPlan {
        var plan = try ParameterPlan(lora: configuration.lora, of: model)
        plan.classCount = labels?.count
        let added = plan.tensorShapes(of: model).dropFirst(model.tensorShapes.count)
        let differences = TensorDifferences(expected: Array(added), found: entries)
        guard differences.isEmpty else {
            throw differences.failure(
                at: file.path, remedy: "use the adapter with the model for which it was made")
        }
        return plan
    }

    /// The entries of the file by the names of this project.
    private var entries: [String: SafetensorsEntry] {
        Dictionary(
            file.entries.map { (Self.plainName($0.name), $0) }, uniquingKeysWith: { $1 })
    }

    /// The directory of the base: as it was named, or beside the adapter's directory.
    ///
    /// - Parameter moved: where it is now; nil for the place that the adapter names.
    /// - Throws: `Failure` where there is none.
    package func basePath(_ moved: String? = nil) throws(Failure) -> String {
        if let moved { return moved }
        let given = configuration.basePath
        let candidates = given.map { [$0, "\(path)/\($0)"] } ?? []
        for candidate in candidates where try DirectoryEntries.isThere(candidate) {
            return candidate
        }
        throw Failure(
            "the model for which the adapter was made is not there",
            expected: "a model directory", got: given ?? "no base_model_name_or_path",
            at: "\(path)/\(AdapterConfiguration.fileName)",
            remedy: "put the directory back, or name it as the base")
    }

    /// Reads the adapter into a model whose base is there.
    ///
    /// - Throws: `Failure` where the tensors do not fit, or the base is another than the adapter's.
    package func read(into model: LanguageModel) throws {
        let found = entries
        let differences = TensorDifferences(
            expected: model.addedParameters.map { ($0.name, $0.shape) }, found: found)
        guard differences.isEmpty else {
            throw differences.failure(
                at: file.path, remedy: "resume with the options with which it was trained")
        }
        try checkBase(of: model)
        for parameter in model.addedParameters {
            guard let entry = found[parameter.name] else { continue }
            let values = model.parameters.value(of: parameter).buffer
            try file.readFloat32(entry.name, into: values)
            try FiniteTensor(entry.name, at: file.path).check(
                UnsafeBufferPointer(values), on: model.device)
        }
    }

    private func checkBase(of model: LanguageModel) throws(Failure) {
        guard let expected = file.metadata[Self.hashKey] else { return }
        let hash = model.baseHash
        guard hash == expected else {
            throw Failure(
                "the adapter was made for another base", expected: "weights of SHA-256 \(expected)",
                got: hash, at: path,
                remedy: "name the model on which the adapter was trained in "
                    + "base_model_name_or_path of \(AdapterConfiguration.fileName)")
        }
    }

    /// PEFT's names without its prefix; newer versions add ".weight" to a magnitude.
    private static func plainName(_ name: String) -> String {
        var plain = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        let magnitude = "lora_magnitude_vector.weight"
        if plain.hasSuffix(magnitude) { plain.removeLast(".weight".count) }
        return plain
    }

    /// The metadata in the file of an adapter, beside its tensors.
    package static func metadata(baseHash: String, labels: [String]?) -> [String: String] {
        var metadata = [hashKey: baseHash]
        if let labels {
            metadata[labelsKey] = JSONValue.array(labels.map(JSONValue.string)).text()
        }
        return metadata
    }
}

extension LanguageModel {
    /// SHA-256 of the weights of the architecture as floats, in their order.
    package var baseHash: String {
        var hash = FileHash()
        for parameter in baseParameters {
            hash.update(UnsafeRawBufferPointer(parameters.value(of: parameter).buffer))
        }
        return hash.finish().sha256
    }
}
