import Diagnostics
import JSON
import Runs

/// The findings of a benchmark, for people and for programs.
package protocol BenchReport {
    var text: String { get }
    /// The report as one JSON object; keys are never renamed, new ones may come.
    var json: JSONValue { get }
}

extension Double {
    /// "43.2 %".
    var percent: String { formattedTo(1) + " %" }
}

extension Recipe {
    /// The precision in words for people: bf16 that the processor lacks is computed in fp32.
    var precisionInUse: String {
        let name = train.precision.rawValue
        return train.precision == .bf16 && !training.multipliesBFloat16
            ? "\(name) (in fp32: this processor lacks it)" : name
    }
}
