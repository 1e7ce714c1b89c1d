import Diagnostics
import Files
import Models

/// A Hugging Face directory of a model, whose weights are checked by name and shape when it opens.
package struct ModelDirectory: Sendable {
    package static let tokenizerName = "tokenizer.json"
    package static let tokenizerConfigurationName = "tokenizer_config.json"

    package let path: String
    package let configuration: HuggingFaceConfiguration
    /// The places of the tensors, by the names of `HuggingFaceConfiguration.tensorShapes`.
    private let places: [String: WeightFiles.Place]

    package var model: DecoderConfiguration { configuration.model }

    /// - Throws: `Failure` when the configuration is not one that this project computes, or the
    ///   weights do not fit it; then every missing, unknown and unsuitable tensor is listed.
    package init(reading path: String) throws(Failure) {
        self.path = path
        guard try DirectoryEntries.isThere("\(path)/\(HuggingFaceConfiguration.fileName)") else {
            throw Failure(
                "this is no model directory", expected: HuggingFaceConfiguration.fileName,
                got: "no such file", at: path,
                remedy: "name one, such as RUN/checkpoints/latest")
        }
        configuration = try HuggingFaceConfiguration(reading: path)
        let stored = try WeightFiles(directory: path).places
        places = try Self.named(
            configuration.whole == nil ? stored : TextPart.renamed(stored), configuration.model,
            at: path)
        let differences = TensorDifferences(
            expected: configuration.tensorShapes, found: places.mapValues(\.entry))
        guard differences.isEmpty else {
            throw differences.failure(
                at: path, remedy: "use the config.json that belongs to these weights")
        }
    }

    /// The entry of one tensor in its file, by its name in `tensorShapes`; nil where there is none.
    package func tensor(named name: String) -> SafetensorsEntry? { places[name]?.entry }

    /// Reads one tensor, by its name in `tensorShapes`, or some of its elements, as Float.
    ///
    /// - Parameter elements: nil reads all.
    /// - Precondition: the buffer has exactly as many elements as are read.
    package func readTensor(
        named name: String, _ elements: Range<Int>? = nil,
        into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        guard let place = places[name] else {
            throw Failure("the tensor \(name) is missing", at: path)
        }
        try place.file.readFloat32(place.entry.name, elements, into: buffer)
    }

    /// The file that contains a tensor, by its name in `tensorShapes`.
    package func file(ofTensor name: String) -> String { places[name]?.file.path ?? path }

    /// The bytes of tokenizer.json; nil when there is none.
    package func tokenizerJSON() throws(Failure) -> [UInt8]? {
        let file = "\(path)/\(Self.tokenizerName)"
        return try DirectoryEntries.isThere(file) ? try FileReader.bytes(of: file) : nil
    }

    /// Older files name the tensors of the model without its prefix, and hold the causal mask, the
    /// frequencies of rotary positions and a copy of the tied embedding, which are passed over.
    ///
    /// - Throws: `Failure` where a tensor stands twice, and where what should be a copy is none.
    private static func named(
        _ places: [String: WeightFiles.Place], _ model: DecoderConfiguration, at path: String
    ) throws(Failure) -> [String: WeightFiles.Place] {
        let names = model.architecture.names
        let (head, prefix) = ("\(names.output).weight", "\(names.prefix).")
        var named: [String: WeightFiles.Place] = [:]
        for (name, place) in places where !isPassedOver(name) {
            let isOutside = name == head || name == ParameterPlan.headName
            let full = name.hasPrefix(prefix) || isOutside ? name : prefix + name
            guard named.updateValue(place, forKey: full) == nil else {
                throw Failure("the tensor \(full) stands twice, with and without prefix", at: path)
            }
        }
        guard model.isTied, let output = named.removeValue(forKey: head),
            let table = named[names.name(of: .tokenEmbedding) + ".weight"]
        else { return named }
        guard try output.isCopy(of: table) else {
            throw Failure(
                "\(head) differs from the embedding table, to which the configuration ties it",
                expected: "the same numbers, or none", got: "others", at: output.file.path,
                remedy: "write \"tie_word_embeddings\": false into config.json to keep them, or "
                    + "save the model without them")
        }
        return named
    }

    private static func isPassedOver(_ name: String) -> Bool {
        Architecture.all.contains { $0.superfluousSuffixes.contains(where: name.hasSuffix) }
    }
}
