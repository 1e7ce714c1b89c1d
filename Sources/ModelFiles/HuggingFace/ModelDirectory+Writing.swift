import Diagnostics
import Files
import JSON

extension ModelDirectory {
    /// Writes config.json, model.safetensors and the tokenizer's files into a directory that is
    /// there; what else belongs in it (optimizer, manifest) is the caller's.
    ///
    /// - Parameters:
    ///   - tensors: those of `configuration.tensorShapes`, in that order.
    ///   - tokenizerJSON: tokenizer.json, byte for byte.
    ///   - tokenizerConfigurationJSON: tokenizer_config.json, byte for byte.
    ///   - weights: how the tensors are stored.
    /// - Precondition: the tensors have the names and shapes of the configuration.
    package static func write(
        _ configuration: HuggingFaceConfiguration, tensors: [NamedTensor],
        tokenizerJSON: [UInt8]? = nil, tokenizerConfigurationJSON: [UInt8]? = nil,
        weights: WeightStorage = .float32, into directory: String
    ) throws(Failure) {
        let expected = configuration.tensorShapes
        precondition(
            tensors.map(\.name) == expected.map(\.name)
                && tensors.map(\.shape) == expected.map(\.shape),
            "expected the tensors \(expected), got \(tensors.map { ($0.name, $0.shape) })")
        try WeightFiles.write(tensors, weights, into: directory)
        try writeWithoutWeights(
            configuration, type: weights.type, tokenizerJSON: tokenizerJSON,
            tokenizerConfigurationJSON: tokenizerConfigurationJSON, into: directory)
    }

    /// Writes config.json and the tokenizer's files.
    package static func writeWithoutWeights(
        _ configuration: HuggingFaceConfiguration, type: SafetensorsType = .float32,
        tokenizerJSON: [UInt8]?, tokenizerConfigurationJSON: [UInt8]?, into directory: String
    ) throws(Failure) {
        let text = configuration.json(type: type).text(isPretty: true)
        let path = "\(directory)/\(HuggingFaceConfiguration.fileName)"
        try FileWriter.write(Array(text.utf8), to: path)
        if let tokenizerJSON {
            try FileWriter.write(tokenizerJSON, to: "\(directory)/\(tokenizerName)")
        }
        if let tokenizerConfigurationJSON {
            try FileWriter.write(
                tokenizerConfigurationJSON, to: "\(directory)/\(tokenizerConfigurationName)")
        }
    }

    /// Where the text of a training comes from.
    package static let provenanceName = "provenance.json"
    private static let maximumProvenanceSize = 1 << 20

    /// What a directory tells of the text of the training, as JSON; nil where it tells nothing.
    package static func provenance(in directory: String) throws(Failure) -> String? {
        let path = "\(directory)/\(provenanceName)"
        guard try DirectoryEntries.isThere(path, followsLinks: true) else { return nil }
        let bytes = try FileReader.bytes(of: path, maximumSize: maximumProvenanceSize)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes a whole model directory that appears whole or not at all, with its manifest.
    ///
    /// - Parameter texts: Further files by their names.
    /// - Throws: `Failure` when something exists at `path` already, or a write fails.
    package static func publish(
        _ configuration: HuggingFaceConfiguration, tensors: [NamedTensor],
        tokenizerJSON: [UInt8]? = nil, tokenizerConfigurationJSON: [UInt8]? = nil,
        weights: WeightStorage = .float32, texts: [String: String] = [:], at path: String,
        isReplacing: Bool = false
    ) throws {
        try PublishedDirectory.write(to: path, isReplacing: isReplacing) { directory in
            try write(
                configuration, tensors: tensors, tokenizerJSON: tokenizerJSON,
                tokenizerConfigurationJSON: tokenizerConfigurationJSON, weights: weights,
                into: directory)
            for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
                try FileWriter.write(Array(text.utf8), to: "\(directory)/\(name)")
            }
            try Manifest.write(in: directory)
        }
    }
}
