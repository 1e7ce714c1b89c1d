/// An element that a tensor can hold: `Float` or `BFloat16` for values, `Int32` for token ids, `UInt8` for
/// bytes.
package protocol TensorElement: BitwiseCopyable, Sendable {}

extension Float: TensorElement {}
extension Int32: TensorElement {}
extension UInt8: TensorElement {}

/// A dense array in row-major order: a shape over a part of a storage.
///
/// Copies share the storage. `pointer` is valid while a tensor that uses the storage lives: take it
/// inside the function or closure that holds the tensor.
package struct Tensor<Element: TensorElement>: Sendable {
    package let shape: [Int]
    /// Number of elements.
    package let count: Int
    private(set) var storage: Storage
    private let offset: Int

    init(shape: [Int], storage: Storage, offset: Int = 0) {
        precondition(shape.allSatisfy { $0 >= 0 }, "sizes are not negative, got \(shape)")
        self.shape = shape
        self.count = shape.reduce(1, *)
        self.storage = storage
        self.offset = offset
    }

    /// The values at `memory`, which outlives the tensor and all its views.
    package init(over memory: UnsafeMutableBufferPointer<Element>) {
        guard let start = memory.baseAddress else { preconditionFailure("expected some memory") }
        self.init(
            shape: [memory.count],
            storage: Storage(
                foreign: start, byteCount: memory.count * MemoryLayout<Element>.stride))
    }

    package var pointer: UnsafeMutablePointer<Element> {
        storage.pointer.assumingMemoryBound(to: Element.self) + offset
    }

    package var buffer: UnsafeMutableBufferPointer<Element> { .init(start: pointer, count: count) }

    /// The elements, copied.
    package var array: [Element] { Array(buffer) }

    /// Size of the last axis.
    package var columnCount: Int { shape.last ?? 1 }

    /// Product of all sizes but the last.
    package var rowCount: Int { shape.dropLast().reduce(1, *) }
}

extension Tensor {
    /// A tensor of the same elements under another shape; shares the storage.
    package func reshaped(_ shape: [Int]) -> Tensor {
        precondition(
            shape.reduce(1, *) == count, "expected \(count) elements, got the shape \(shape)")
        return Tensor(shape: shape, storage: storage, offset: offset)
    }

    /// Indices `rows` of the first axis; shares the storage.
    package func slice(_ rows: Range<Int>) -> Tensor {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= (shape.first ?? 0),
            "expected rows within 0..<\(shape.first ?? 0), got \(rows)")
        let rowSize = shape.dropFirst().reduce(1, *)
        return Tensor(
            shape: [rows.count] + shape.dropFirst(), storage: storage,
            offset: offset + rows.lowerBound * rowSize)
    }

    /// `count` elements from `start` of the flat order, under `shape`; shares the storage.
    package func view(from start: Int, shape: [Int]) -> Tensor {
        let viewCount = shape.reduce(1, *)
        precondition(
            start >= 0 && start + viewCount <= count,
            "expected elements within 0..<\(count), got \(start)..<\(start + viewCount)")
        return Tensor(shape: shape, storage: storage, offset: offset + start)
    }

    /// Other elements in the memory from element `start` on, which holds nothing any more.
    func view<Other>(from start: Int, shape: [Int], of type: Other.Type) -> Tensor<Other> {
        let (size, otherSize) = (MemoryLayout<Element>.stride, MemoryLayout<Other>.stride)
        let first = (offset + start) * size
        precondition(
            start >= 0 && first % otherSize == 0
                && start * size + shape.reduce(1, *) * otherSize <= count * size,
            "expected \(shape) within \(count) elements from \(start) on")
        return Tensor<Other>(shape: shape, storage: storage, offset: first / otherSize)
    }

    /// Whether no other tensor uses the storage, so that it may be written in place.
    mutating func ownsStorage() -> Bool {
        isKnownUniquelyReferenced(&storage)
    }
}
