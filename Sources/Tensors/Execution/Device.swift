import Diagnostics
import Machine

/// The means with which a rank computes: its threads, its memory and its way of multiplying
/// matrices.
package final class Device: Sendable {
    package let products: ProductKernels
    package let threads: ThreadPool
    package let memory: StoragePool
    /// The clock that takes the time of each kind of operation.
    package let operations = OperationClock()
    /// What the threads of the rank do, by the clock; nil where nobody traces.
    package let trace: RankTrace?

    /// - Parameters:
    ///   - places: the processors of each thread; none to leave them to the system.
    ///   - isTraced: whether the events of the rank are recorded, once its trace is opened.
    package init(
        threadCount: Int, places: [ProcessorSet] = [], products: ProductKernels = .usual,
        isTraced: Bool = false
    ) {
        _ = ComputeKernels.prepare()
        self.products = products
        trace = isTraced ? RankTrace(threadCount: threadCount) : nil
        threads = ThreadPool(
            threadCount: threadCount, places: places, tracks: trace?.pool ?? [])
        memory = StoragePool()
    }

    private init(_ device: Device, _ products: ProductKernels) {
        (threads, memory, self.products) = (device.threads, device.memory, products)
        trace = device.trace
    }

    /// A device of the same threads and memory, on which the rows of a product do not depend on each
    /// other.
    package var byRow: Device { products.isByRow ? self : with(products.byRow) }

    /// A device of the same threads and memory, with another way of multiplying.
    func with(_ products: ProductKernels) -> Device { Device(self, products) }

    /// Memory with what an earlier use left in it.
    package func uninitialized<Element>(
        _ shape: [Int], of type: Element.Type = Float.self
    ) -> Tensor<Element> {
        let byteCount = shape.reduce(1, *) * MemoryLayout<Element>.stride
        return Tensor(shape: shape, storage: Storage(byteCount: byteCount, pool: memory))
    }

    package func zeros(_ shape: [Int]) -> Tensor<Float> {
        let tensor = uninitialized(shape)
        fill(tensor, with: 0)
        return tensor
    }

    package func tensor<Element>(_ elements: some Collection<Element>, shape: [Int])
        -> Tensor<Element>
    {
        let tensor = uninitialized(shape, of: Element.self)
        precondition(
            elements.count == tensor.count,
            "expected \(tensor.count) elements for \(shape), got \(elements.count)")
        _ = tensor.buffer.initialize(from: elements)
        return tensor
    }
}
