import Foundation
import JSON

/// What a benchmark found, for people and for programs.
protocol BenchReport {
    var text: String { get }
    /// One object; keys are never renamed, new ones may come.
    var json: JSONValue { get }
}

extension Double {
    /// "43.2 %".
    var percent: String { formattedTo(1) + " %" }

    func formattedTo(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
