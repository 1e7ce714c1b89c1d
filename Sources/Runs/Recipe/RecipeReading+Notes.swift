import Diagnostics
import Foundation

extension RecipeReading {
    /// Tells what overrides replaced, and warns of what has no effect.
    package func announce() {
        for note in notes { Console.line("note: \(note)") }
        for warning in warnings { Console.write("warning: \(warning)\n", to: .standardError) }
    }
}
