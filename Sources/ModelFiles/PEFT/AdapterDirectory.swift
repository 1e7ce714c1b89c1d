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
        let configuration = try configuration(for: model)
        var plan = try located { try configuration.plan(for: model) }
        plan.classCount = labels?.count
        let added = plan.tensorShapes(of: model).dropFirst(model.tensorShapes.count)
        let trained = model.tensorShapes.filter { plan.trainsBase($0.name) }
        let tables = try located { try TableAdapter.all(configuration, of: model) }
        let differences = TensorDifferences(
            expected: Array(added) + trained + tables.flatMap(\.tensors),
            found: try entries(besides: tables, of: model))
        guard differences.isEmpty else {
            throw differences.failure(
                at: file.path, remedy: "use the adapter with the model for which it was made")
        }
        return plan
    }

    /// Names the file in a failure of its configuration.
    private func located<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch var failure as Failure {
            failure.place = failure.place ?? "\(path)/\(AdapterConfiguration.fileName)"
            throw failure
        }
    }

    /// The entries of the file by the names of this project.
    private var entries: [String: SafetensorsEntry] {
        Dictionary(
            file.entries.map { (Self.plainName($0.name), $0) }, uniquingKeysWith: { $1 }
        ).filter { name, _ in
            // PEFT's copies of a table whose size has changed, beside the one that counts.
            !name.contains(".original_module.") && !name.contains(".modules_to_save.")
        }
    }

    /// The entries but for the weights of these tables, and for the copy that is an output layer tied to the
    /// embeddings.
    ///
    /// - Throws: `Failure` where it is no copy.
    private func entries(
        besides tables: [TableAdapter], of model: DecoderConfiguration
    ) throws -> [String: SafetensorsEntry] {
        var found = entries.filter { name, _ in !tables.contains { $0.weightName == name } }
        let output = AdapterConfiguration.output(of: model) + ".weight"
        let embeddings = AdapterConfiguration.embeddings(of: model) + ".weight"
        guard model.isTied, let table = found[embeddings],
            let copy = found.removeValue(forKey: output)
        else { return found }
        let isCopy = try WeightFiles.Place(file: file, entry: copy)
            .isCopy(of: WeightFiles.Place(file: file, entry: table))
        guard isCopy else {
            throw Failure(
                "\(output) differs from the embedding table, to which the adapter ties it",
                expected: "the same numbers", got: "others", at: file.path,
                remedy: "write \"ensure_weight_tying\": false into "
                    + "\(AdapterConfiguration.fileName) to keep both")
        }
        return found
    }

    /// The model beside which the adapter lies: with as many rows as its tables have, and with an output layer
    /// of its own where the adapter saves one.
    ///
    /// - Parameter base: The model that it names.
    package func model(on base: DecoderConfiguration) throws -> DecoderConfiguration {
        var model = try configuration(for: base).fitted(base)
        let tables = [
            AdapterConfiguration.embeddings(of: base), AdapterConfiguration.output(of: base),
        ]
        let rowCounts = tables.compactMap { entries["\($0).weight"]?.shape.first }
        model.vocabularySize = ([model.vocabularySize] + rowCounts).max() ?? 0
        return model
    }

    /// The configuration, with the tables that lie beside it.
    package func configuration(for model: DecoderConfiguration) throws -> AdapterConfiguration {
        try located { try configuration.completed(for: model) { entries[$0] != nil } }
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
        let tables = try TableAdapter.all(configuration, of: model.configuration)
        let parameters = model.adapterParameters
        let differences = TensorDifferences(
            expected: parameters.map { (name: $0.name, shape: $0.shape) }
                + tables.flatMap(\.tensors),
            found: try entries(besides: tables, of: model.configuration))
        guard differences.isEmpty else {
            throw differences.failure(
                at: file.path, remedy: "resume with the options with which it was trained")
        }
        try checkBase(of: model)
        for parameter in parameters {
            guard let entry = found[parameter.name] else { continue }
            try read(entry, into: model.parameters.value(of: parameter), on: model.device)
        }
        for table in tables { try fold(table, into: model, found) }
    }

    private func read(
        _ entry: SafetensorsEntry, into values: Tensor<Float>, on device: Device
    ) throws {
        try file.readFloat32(entry.name, into: values.buffer)
        try FiniteTensor(entry.name, at: file.path).check(
            UnsafeBufferPointer(values.buffer), on: device)
    }

    /// The weights into which adapters are folded where they are read.
    package func tableNames(of model: DecoderConfiguration) throws -> [String] {
        try TableAdapter.all(configuration, of: model).map(\.weightName)
    }

    private func fold(
        _ table: TableAdapter, into model: LanguageModel, _ found: [String: SafetensorsEntry]
    ) throws {
        guard let weight = model.parameters[table.weightName] else { return }
        let values = model.parameters.value(of: weight)
        // PEFT keeps the table beside its adapter where tokens may have been added.
        if let entry = found[table.weightName] {
            guard entry.shape == weight.shape else {
                throw Failure(
                    "the adapter was made for a table of another size",
                    expected: "\(weight.shape) as \(table.weightName)", got: "\(entry.shape)",
                    at: file.path, remedy: "use the adapter with the model for which it was made")
            }
            try read(entry, into: values, on: model.device)
        }
        let parts = try table.tensors.map { name, shape in
            let tensor = model.device.uninitialized(shape)
            if let entry = found[name] { try read(entry, into: tensor, on: model.device) }
            return tensor
        }
        table.fold(parts[0], parts[1], into: values, on: model.device)
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
        // What lies beside an adapter belongs to the module.
        plain = plain.replacing(".base_layer.", with: ".")
        let magnitude = "lora_magnitude_vector.weight"
        if plain.hasSuffix(magnitude) { plain.removeLast(".weight".count) }
        return plain
    }

    /// The tensors of an adapter by their names in the file. An output layer that is tied to a table which is
    /// saved stands there, too: PEFT looks for both.
    package static func tensors(
        _ tensors: [NamedTensor], of adapter: AdapterConfiguration, _ model: DecoderConfiguration
    ) -> [NamedTensor] {
        let embeddings = AdapterConfiguration.embeddings(of: model) + ".weight"
        let output = AdapterConfiguration.output(of: model) + ".weight"
        let isShared = model.isTied && adapter.tiesSavedTables && !adapter.hasHead
        let copies = isShared ? tensors.filter { $0.name == embeddings } : []
        let named = tensors.map { ($0.name, $0) } + copies.map { (output, $0) }
        return named.map { name, tensor in
            NamedTensor(name: prefix + name, shape: tensor.shape, values: tensor.values)
        }
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
    /// SHA-256 of the weights of the architecture as floats, in their order, but for those that are trained
    /// beside adapters.
    package var baseHash: String {
        var hash = FileHash()
        for (parameter, tensor) in zip(baseParameters, configuration.tensors)
        where plan.lora == nil || !parameter.isTrained {
            guard parameter.isQuantized else {
                hash.update(UnsafeRawBufferPointer(parameters.value(of: parameter).buffer))
                continue
            }
            let matrix = parameters.quantized(parameter).matrix
            // Turned as a whole, else a strip at a time.
            let isTurned = configuration.isTransposed(tensor)
            let step = isTurned ? matrix.outputCount : 1024
            for first in stride(from: 0, to: matrix.outputCount, by: step) {
                let outputs = first..<min(first + step, matrix.outputCount)
                let floats = matrix.decoded(outputs: outputs, on: device)
                let values = isTurned ? device.transposed(floats) : floats
                hash.update(UnsafeRawBufferPointer(values.buffer))
            }
        }
        return hash.finish().sha256
    }
}
