import CKernels

/// The type and the sizes of a quantised matrix.
package struct QuantizedShape: Sendable {
    let type: QuantizedType
    let outputCount: Int
    let depth: Int

    package init(_ type: QuantizedType, outputCount: Int, depth: Int) {
        (self.type, self.outputCount, self.depth) = (type, outputCount, depth)
    }

    var groupByteCount: Int { kernel_quantized_group_bytes(Int32(type.rawValue), depth) }
    var byteCount: Int {
        (outputCount + QuantizedMatrix.lanes - 1) / QuantizedMatrix.lanes * groupByteCount
    }
}

/// A matrix [outputs, depth] of weights that stay in the type in which a file holds them.
///
/// The bytes are those of the file in another order: 16 outputs lie side by side, as products read them.
/// Q4_K and Q5_K take 2 to 3 % more, since the scales of their sub-blocks have a byte each.
package final class QuantizedMatrix: Sendable {
    package let type: QuantizedType
    package let outputCount: Int
    /// The number of weights of an output.
    package let depth: Int
    package let byteCount: Int
    let groupByteCount: Int
    private let storage: Storage
    /// The place of the first byte in the storage.
    private let offset: Int

    static let lanes = Int(QUANTIZED_LANES)

    /// A matrix whose weights are still to be taken.
    ///
    /// - Precondition: the depth is whole blocks of the type.
    package convenience init(
        _ type: QuantizedType, outputCount: Int, depth: Int, on device: Device
    ) {
        self.init(QuantizedShape(type, outputCount: outputCount, depth: depth), on: device)
    }

    private convenience init(_ shape: QuantizedShape, on device: Device) {
        self.init(
            shape, in: Storage(byteCount: shape.byteCount, pool: device.memory), at: 0)
    }

    /// Matrices in one piece of memory, in their order: large pages, and reading that runs on.
    package static func together(
        _ shapes: [QuantizedShape], on device: Device
    ) -> [QuantizedMatrix] {
        let byteCount = shapes.reduce(0) { $0 + $1.byteCount }
        let storage = Storage(byteCount: byteCount, pool: device.memory)
        var offset = 0
        return shapes.map { shape in
            defer { offset += shape.byteCount }
            return QuantizedMatrix(shape, in: storage, at: offset)
        }
    }

    private init(_ shape: QuantizedShape, in storage: Storage, at offset: Int) {
        let (type, outputCount, depth) = (shape.type, shape.outputCount, shape.depth)
        precondition(
            outputCount > 0 && depth > 0 && depth % type.blockSize == 0,
            "expected outputs of whole blocks of \(type.blockSize), got \(outputCount) x \(depth)")
        (self.type, self.outputCount, self.depth) = (type, outputCount, depth)
        (groupByteCount, byteCount) = (shape.groupByteCount, shape.byteCount)
        (self.storage, self.offset) = (storage, offset)
    }

    private var start: UnsafeMutablePointer<UInt8> {
        (storage.pointer + offset).assumingMemoryBound(to: UInt8.self)
    }

    package var shape: [Int] { [outputCount, depth] }
    /// The number of bytes of the same weights in a file.
    package var fileByteCount: Int { outputCount * type.byteCount(of: depth) }

    /// The weights in the order in which they lie here, for a copy between ranks.
    package var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    }

    var groupCount: Int { (outputCount + Self.lanes - 1) / Self.lanes }

    var weights: quantized_weights {
        quantized_weights(
            bytes: start, depth: depth,
            type: Int32(type.rawValue))
    }

    /// Takes the weights of `outputs`, whose first is a multiple of 16, from blocks of ggml.
    ///
    /// - Parameters:
    ///   - bytes: the blocks of these outputs.
    ///   - order: the place among the bytes of the output of a number.
    /// - Returns: whether all scales are finite.
    package func take(
        _ bytes: UnsafeRawBufferPointer, of outputs: Range<Int>, on device: Device,
        order: (Int) -> Int = { $0 }
    ) -> Bool {
        let size = type.byteCount(of: depth)
        precondition(
            bytes.count == outputs.count * size && outputs.lowerBound % Self.lanes == 0
                && outputs.upperBound <= outputCount,
            "\(bytes.count) bytes are not \(outputs) of \(outputCount) outputs of \(size)")
        guard let source = bytes.bindMemory(to: UInt8.self).baseAddress else { return true }
        let groups = (outputs.count + Self.lanes - 1) / Self.lanes
        let to = start + outputs.lowerBound / Self.lanes * groupByteCount
        let isFinite = [Bool](unsafeUninitializedCapacity: groups) { isFinite, count in
            let found = isFinite.baseAddress
            device.forEach(groups) { group in
                let first = group * Self.lanes
                let rows: [UnsafePointer<UInt8>?] =
                    (first..<min(first + Self.lanes, outputs.count)).map {
                        source + order($0) * size
                    }
                found?[group] =
                    kernel_quantized_pack(
                        to + group * groupByteCount, Int32(type.rawValue), depth, rows,
                        Int32(rows.count)) != 0
            }
            count = groups
        }
        return isFinite.allSatisfy { $0 }
    }
}

extension QuantizedMatrix {
    /// The weights of some groups of outputs as floats, those of one depth side by side.
    func decode(
        _ groups: Range<Int>, into out: UnsafeMutablePointer<Float>, stride: Int,
        way: QuantizedWay = .usual
    ) {
        kernel_quantized_decode(
            way.code, out, stride, weights, groups.lowerBound, groups.count)
    }

    /// The weights of some outputs as floats: [outputs, depth].
    package func decoded(
        _ outputs: [Int], on device: Device, way: QuantizedWay = .usual
    ) -> Tensor<Float> {
        let out = device.uninitialized([outputs.count, depth])
        let (to, depth, lanes) = (out.pointer, depth, Self.lanes)
        device.forEach(outputs.count) { index in
            let (group, lane) = outputs[index].quotientAndRemainder(dividingBy: lanes)
            let scratch = device.uninitialized([depth, lanes])
            let values = scratch.pointer
            decode(group..<group + 1, into: values, stride: lanes, way: way)
            for k in 0..<depth { to[index * depth + k] = values[k * lanes + lane] }
            withExtendedLifetime(scratch) {}
        }
        return out
    }

    /// The weights of some outputs, nil for all, as floats: [outputs, depth].
    ///
    /// - Precondition: the first is a multiple of 16.
    package func decoded(outputs: Range<Int>? = nil, on device: Device) -> Tensor<Float> {
        let outputs = outputs ?? 0..<outputCount
        precondition(outputs.lowerBound % Self.lanes == 0, "\(outputs) begins within a group")
        let out = device.uninitialized([outputs.count, depth])
        let (to, depth, lanes) = (out.pointer, depth, Self.lanes)
        device.forEachChunk(of: outputs.count, grain: lanes) { part in
            let scratch = device.uninitialized([depth, lanes])
            let group = (outputs.lowerBound + part.lowerBound) / lanes
            decode(group..<group + 1, into: scratch.pointer, stride: lanes)
            for (lane, output) in part.enumerated() {
                let (row, column) = (to + output * depth, scratch.pointer + lane)
                for k in 0..<depth { row[k] = column[k * lanes] }
            }
        }
        return out
    }
}
