import Diagnostics
import JSON
import Runs
import Tensors

/// The chosen way of multiplying, and the figures from which it was chosen.
struct KernelChoiceFacts {
    package let choice: KernelChoice

    package var line: DoctorLine {
        DoctorLine("products", value, ([origin] + rates + place).joined(separator: " "))
    }

    private var value: String {
        let products = choice.products
        guard ComputeKernels.hasBFloat16 else { return "fp32 by \(products.floats.title)" }
        let bfloat16 =
            products.widensBFloat16 ? "widened to fp32" : "by the processor's bf16 instructions"
        return "fp32 by \(products.floats.title), bf16 \(bfloat16)"
    }

    private var origin: String {
        switch choice.origin {
        case .pinned: "Pinned by \(KernelChoice.variable)."
        case .measured: "Measured now, on one thread:"
        case .cache: "Measured at an earlier start, on one thread:"
        case .checkpoint: "Those of the run that is resumed."
        case .usual: "The usual ones."
        }
    }

    private var rates: [String] {
        guard let times = choice.times else { return [] }
        let figures = ProductCandidate.all.compactMap { candidate in
            times.gflops(candidate).map { "\(candidate.name) \(Quantity.number($0))" }
        }
        return [figures.joined(separator: ", ") + " GFLOP/s."]
    }

    private var place: [String] {
        guard choice.times != nil else { return [] }
        return [choice.cachePath.map { "Kept in \($0)." } ?? "Not kept: no cache can be written."]
    }

    package var json: [String: JSONValue] {
        let rates = ProductCandidate.all.compactMap { candidate in
            choice.times?.gflops(candidate).map { (candidate.name, JSONValue.number($0)) }
        }
        return [
            "products": .string(choice.products.name), "origin": .string(choice.origin.rawValue),
            "gflops": .object(Dictionary(uniqueKeysWithValues: rates)),
            "cache": choice.cachePath.map(JSONValue.string) ?? .null,
        ]
    }
}
