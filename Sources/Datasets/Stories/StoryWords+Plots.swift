/// Words that only some parts of a story need.
extension StoryWords {
    static let food = [
        "plum", "bun", "carrot", "biscuit", "apple", "fig", "egg", "turnip", "nut", "pear",
        "pancake", "sausage", "onion", "melon", "leek", "radish",
    ]
    static let works = [
        "kite", "raft", "bench", "birdhouse", "swing", "bridge", "cart", "windmill", "ladder",
        "scarecrow", "bookshelf", "stage", "sledge", "table", "tower", "hut",
    ]
    static let materials = [
        "board", "nail", "rope", "stick", "screw", "sack", "wheel", "brick", "pole", "hook",
        "plank", "spring", "tile", "beam", "cork", "pipe",
    ]
    package static let tools = [
        "hammer", "saw", "spade", "knife", "shovel", "axe", "rake", "chisel", "crowbar", "hoe",
        "drill", "hook", "file", "pick", "stick", "rope",
    ]
    static let vessels = [
        "bucket", "basin", "bowl", "jug", "pot", "cup", "kettle", "pan",
    ]
    static let cloths = [
        "blanket", "scarf", "towel", "shawl", "apron", "coat", "carpet", "shirt",
    ]
    static let petNames = [
        "Pepper", "Button", "Biscuit", "Snowball", "Ginger", "Pickle", "Rusty", "Muffin", "Lucky",
        "Whisper", "Domino", "Captain", "Nutmeg", "Velvet", "Thimble", "Clover", "Pirate",
        "Bubbles", "Pumpkin", "Professor", "Noodle", "Cookie", "Shadow", "Thunder",
    ]
    package static let figures = [
        "giant", "king", "queen", "sailor", "witch", "dragon", "knight", "thief", "wizard",
        "princess", "troll", "mermaid", "pirate", "hermit", "wolf", "clown", "ghost", "elf",
        "emperor", "robot", "dwarf", "fairy", "monk", "shark",
    ]
    static let crops = [
        "bean", "pumpkin", "carrot", "sunflower", "onion", "pea", "tulip", "melon", "cabbage",
        "leek", "daisy", "radish",
    ]
    package static let items = [
        "apple", "pear", "plum", "nut", "shell", "egg", "marble", "button", "acorn", "coin",
        "berry", "cherry", "carrot", "feather", "candle", "bun", "stamp", "turnip", "pebble", "fig",
        "walnut", "rose", "ribbon", "bead",
    ]
}
