import Foundation

/// Files made by Tests/Fixtures/modelfiles/make.py.
func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/modelfiles/\(name)").path
}
