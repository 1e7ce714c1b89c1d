import Diagnostics
import Files
import JSON

/// How the weights of a model directory are stored.
package struct WeightStorage: Sendable {
    /// F32, BF16 or F16.
    package var type: SafetensorsType
    /// The most bytes of tensors in a file, unless a single tensor is larger; nil puts all into one.
    package var shardSize: Int?

    package init(type: SafetensorsType = .float32, shardSize: Int? = nil) {
        self.type = type
        self.shardSize = shardSize
    }

    package static let float32 = WeightStorage()
}

extension WeightFiles {
    /// Writes model.safetensors, or, above the size of a shard, model-00001-of-0000N.safetensors and the
    /// index that names them.
    static func write(
        _ tensors: [NamedTensor], _ storage: WeightStorage, into directory: String
    ) throws(Failure) {
        let shards = shards(of: tensors, storage)
        let count = tensors.reduce(0) { $0 + $1.values.count }
        let bar = WorkBar("writing \(Quantity.bytes(count * storage.type.size))")
        var written = 0
        func note(_ values: Int) {
            written += values
            bar?.show(written, of: count)
        }
        guard shards.count > 1 else {
            return try SafetensorsWriter.write(
                tensors, type: storage.type, to: "\(directory)/\(fileName)", whenWritten: note)
        }
        var map: [String: JSONValue] = [:]
        for (index, shard) in shards.enumerated() {
            let name = "model-\(digits(index + 1))-of-\(digits(shards.count)).safetensors"
            try SafetensorsWriter.write(
                shard, type: storage.type, to: "\(directory)/\(name)", whenWritten: note)
            for tensor in shard { map[tensor.name] = .string(name) }
        }
        let total = count * storage.type.size
        let json = JSONValue.object([
            "metadata": .object(["total_size": .integer(total)]), "weight_map": .object(map),
        ])
        try FileWriter.write(
            Array(json.text(isPretty: true).utf8), to: "\(directory)/\(indexName)")
    }

    /// The tensors of each shard, in order; a shard ends before the tensor that would make it too
    /// large.
    private static func shards(
        of tensors: [NamedTensor], _ storage: WeightStorage
    ) -> [[NamedTensor]] {
        var (shards, size) = ([[NamedTensor]](), 0)
        for tensor in tensors {
            let own = tensor.values.count * storage.type.size
            if shards.isEmpty || size + own > storage.shardSize ?? .max {
                shards.append([])
                size = 0
            }
            shards[shards.count - 1].append(tensor)
            size += own
        }
        return shards
    }

    private static func digits(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
}
