import Diagnostics
import JSON
import Runs

/// What a benchmark found, for people and for programs.
package protocol BenchReport {
    var text: String { get }
    /// One object; keys are never renamed, new ones may come.
    var json: JSONValue { get }
}

extension Double {
    /// "43.2 %".
    var percent: String { formattedTo(1) + " %" }
}

extension Recipe {
    /// For people: bf16 that the processor lacks is computed in fp32.
    var precisionInUse: String {
        let name = train.precision.rawValue
        return train.precision == .bf16 && !training.multipliesBFloat16
            ? "\(name) (in fp32: this processor lacks it)" : name
    }
}
