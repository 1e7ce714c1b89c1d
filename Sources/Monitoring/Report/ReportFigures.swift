import Diagnostics
import Foundation

/// The few figures of a run that are seen first.
struct ReportFigures {
    let tiles: [ReportContent.Fact]

    init(_ content: ReportContent) {
        let history = content.history
        var tiles: [ReportContent.Fact] = []
        func add(_ name: String, _ value: String?) {
            if let value { tiles.append(ReportContent.Fact(name, value)) }
        }
        let planned = content.plannedStepCount.map { " of \($0)" } ?? ""
        add("steps", "\(history.lastStep)\(planned)")
        add("loss", history.lastLoss?.formattedTo(3))
        add("loss on unseen text", history.validations.last?.loss.formattedTo(3))
        add(
            "tokens seen",
            history.tokenCount > 0 ? ChartScale.label(Double(history.tokenCount)) : nil)
        add("time in steps", history.seconds > 0 ? Self.duration(history.seconds) : nil)
        add("tokens per second", Self.speed(history))
        add(
            "memory of a rank",
            history.peakMemoryBytes > 0 ? Quantity.bytes(history.peakMemoryBytes) : nil)
        self.tiles = tiles
    }

    /// "1 h 12 min", "3 min 20 s", "9 s".
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e12 else { return "?" }
        let whole = Int(seconds.rounded())
        return switch whole {
        case 86_400...: "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
        case 3600...: "\(whole / 3600) h \(whole % 3600 / 60) min"
        case 60...: "\(whole / 60) min \(whole % 60) s"
        default: "\(whole) s"
        }
    }

    /// The median: single steps are slow for reasons of their own.
    private static func speed(_ history: RunHistory) -> String? {
        let speeds = history.tokensPerSecond.points.map(\.mean).sorted()
        return speeds.isEmpty ? nil : Quantity.number(speeds[speeds.count / 2])
    }
}
