/// A way of multiplying matrices. The bits of a result depend on it.
package struct ProductKernels: Hashable, Sendable {
    /// Who multiplies matrices of floats.
    package enum Library: String, CaseIterable, Sendable {
        case oneDNN = "onednn"
        case openBLAS = "openblas"

        package var title: String {
            switch self {
            case .oneDNN: "oneDNN"
            case .openBLAS: "OpenBLAS"
            }
        }
    }

    package var floats: Library
    /// Whether matrices of bfloat16 are widened to floats, which is exact, and multiplied as those;
    /// else the processor's instructions for bfloat16 multiply them, by oneDNN.
    package var widensBFloat16: Bool
    /// Whether large products have up to 64 tiles and not 8: for ranks of many threads, at the cost of those
    /// of few. Never taken unless it is asked for, since no bit depends on the number of threads.
    package var cutsFinely: Bool
    /// Whether each row of a product has the bits of the product of that row alone, whatever stands
    /// beside it: for decoding. The libraries' sums depend on the shape of the whole.
    package var isByRow = false

    package init(floats: Library, widensBFloat16: Bool = false, cutsFinely: Bool = false) {
        (self.floats, self.widensBFloat16) = (floats, widensBFloat16)
        self.cutsFinely = cutsFinely
    }

    /// The way in which rows do not depend on each other.
    package var byRow: ProductKernels {
        var products = self
        (products.isByRow, products.widensBFloat16) = (true, true)
        return products
    }

    /// The way that is taken unless a measurement speaks against it. With AVX-512, oneDNN is 5 to
    /// 10 % faster; with AVX2 it knows processors that are younger than OpenBLAS, which then picks
    /// kernels without.
    package static let usual = ProductKernels(floats: ComputeKernels.usualLibrary)

    /// The ways with which this processor can compute. Where it has no instructions for bfloat16,
    /// nothing is computed in it.
    package static let possible = known.filter {
        ComputeKernels.hasBFloat16 || !$0.widensBFloat16
    }
    package static let known = [false, true].flatMap { cutsFinely in
        Library.allCases.flatMap { library in
            [false, true].map {
                ProductKernels(floats: library, widensBFloat16: $0, cutsFinely: cutsFinely)
            }
        }
    }

    /// "onednn", "onednn-widened", "onednn-widened-fine": the name by which a user asks for them;
    /// "-rows" is asked for by what decodes.
    package var name: String {
        floats.rawValue + (widensBFloat16 ? "-widened" : "") + (cutsFinely ? "-fine" : "")
            + (isByRow ? "-rows" : "")
    }

    /// Multiplications for each element that is widened from which on widening pays: an element is
    /// converted in the time of some thirty multiplications.
    private static let leastReuse = 24

    /// Whether a product of bfloat16 of this shape is computed by floats. Small and narrow ones are not:
    /// their operands would be widened for few multiplications.
    func widens(rows: Int, columns: Int, depth: Int) -> Bool {
        widensBFloat16 && depth > 0 && rows * columns >= Self.leastReuse * (rows + columns)
    }
}
