/// A kernel on arrays of a fixed size, and what it cannot be faster than.
struct KernelCase {
    /// What the hardware limits.
    enum Bound {
        /// Bytes read and written, each array counted once.
        case memory(bytes: Double)
        /// Floating-point operations.
        case arithmetic(flops: Double)
    }

    let name: String
    /// What a figure "per element" divides by.
    let elementCount: Int
    let bound: Bound
    let run: () -> Void

    /// A loop over `count` floats that reads and writes this many arrays in all.
    init(_ name: String, _ count: Int, arrays: Int, _ run: @escaping () -> Void) {
        self.name = name
        elementCount = count
        bound = .memory(bytes: Double(count * arrays * MemoryLayout<Float>.stride))
        self.run = run
    }

    /// A loop over `count` elements that reads and writes so many bytes for each.
    init(_ name: String, _ count: Int, bytesPerElement: Int, _ run: @escaping () -> Void) {
        self.init(name, count, bytes: count * bytesPerElement, run)
    }

    /// The same with the bytes of all.
    init(_ name: String, _ count: Int, bytes: Int, _ run: @escaping () -> Void) {
        self.name = name
        elementCount = count
        bound = .memory(bytes: Double(bytes))
        self.run = run
    }

    init(_ name: String, elements: Int, flops: Double, _ run: @escaping () -> Void) {
        self.name = name
        elementCount = elements
        bound = .arithmetic(flops: flops)
        self.run = run
    }
}
