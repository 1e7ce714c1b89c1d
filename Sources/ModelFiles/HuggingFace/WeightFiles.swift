import Diagnostics
import Files
import JSON

/// The weights of a Hugging Face model directory: model.safetensors, or the several files that
/// model.safetensors.index.json names.
struct WeightFiles: Sendable {
    static let fileName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    /// A tensor and the file that contains it.
    struct Place: Sendable {
        let file: SafetensorsFile
        let entry: SafetensorsEntry

        /// Whether two tensors have the same bytes.
        func isCopy(of other: Place) throws(Failure) -> Bool {
            guard entry.type == other.entry.type, entry.shape == other.entry.shape else {
                return false
            }
            let step = 1 << 20
            for start in stride(from: 0, to: entry.range.count, by: step) {
                let part = start..<min(start + step, entry.range.count)
                let own = try file.bytes(of: entry, part)
                if try own != other.file.bytes(of: other.entry, part) { return false }
            }
            return true
        }
    }

    /// The places of the tensors, by the names in the files.
    let places: [String: Place]

    init(directory: String) throws(Failure) {
        if try DirectoryEntries.isThere("\(directory)/\(Self.fileName)") {
            places = try Self.places(in: [Self.fileName], of: directory)
        } else if try DirectoryEntries.isThere("\(directory)/\(Self.indexName)") {
            let index = try Self.index(at: "\(directory)/\(Self.indexName)")
            places = try Self.places(in: Set(index.values).sorted(), of: directory)
            for (name, file) in index.sorted(by: { $0.key < $1.key })
            where places[name]?.file.path != "\(directory)/\(file)" {
                throw Failure(
                    "the tensor \(name) is missing from its file", at: "\(directory)/\(file)")
            }
        } else {
            throw try Self.noWeights(directory)
        }
    }

    /// Older directories hold pickles of PyTorch, which are programs and are not run here.
    private static func noWeights(_ directory: String) throws(Failure) -> Failure {
        let older = ["pytorch_model.bin", "pytorch_model.bin.index.json"]
        var found: String?
        for name in older where try DirectoryEntries.isThere("\(directory)/\(name)") {
            found = name
        }
        let conversion =
            "python -c 'from transformers import AutoModelForCausalLM as M; "
            + "M.from_pretrained(\"\(directory)\").save_pretrained(\"\(directory)-safe\")'"
        return Failure(
            found == nil
                ? "the directory holds no weights" : "the weights are not stored as safetensors",
            expected: "\(fileName) or \(indexName)", got: found ?? "neither", at: directory,
            remedy: found == nil
                ? "save the model as safetensors"
                : "save the model as safetensors: \(conversion)")
    }

    private static func places(
        in names: [String], of directory: String
    ) throws(Failure) -> [String: Place] {
        var places: [String: Place] = [:]
        for name in names {
            let file = try SafetensorsFile(path: "\(directory)/\(name)")
            for entry in file.entries {
                let place = Place(file: file, entry: entry)
                if let other = places.updateValue(place, forKey: entry.name) {
                    throw Failure(
                        "the tensor \(entry.name) stands in two files", got: other.file.path,
                        at: file.path)
                }
            }
        }
        return places
    }

    /// File names by tensor names; the files lie in the directory itself.
    private static func index(at path: String) throws(Failure) -> [String: String] {
        let json = try JSONValue(parsing: try FileReader.bytes(of: path), at: path)
        guard let map = json["weight_map"]?.object, !map.isEmpty else {
            throw Failure(
                "the index of the weights is not valid", expected: "weight_map, an object",
                got: json["weight_map"]?.summary ?? "none", at: path)
        }
        var index: [String: String] = [:]
        for (name, value) in map {
            guard let file = value.string, !file.isEmpty, !file.contains("/"), file != ".." else {
                throw Failure(
                    "the index of the weights is not valid",
                    expected: "a file name for \(name)", got: value.summary, at: path)
            }
            index[name] = file
        }
        return index
    }
}
