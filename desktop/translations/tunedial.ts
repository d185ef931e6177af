<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1">
<context>
    <name></name>
    <message>
        <source>More like tracks that many people play, or more like deep cuts.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Played on wood and strings, or made with electricity.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A steady beat to move to, or none.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Loud, dense and fast, or calm and sparse.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No voices, or voices in front.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A room with an audience, or a dry studio.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Spoken or rapped, or without speech.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bright and happy, or dark and sad.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Faster, or slower.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Like music that makes listeners react and comment, or not.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Like music that those who react to it like, or dispute.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Like music that is seen often, or seldom.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Like music that is rated highly, or not.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>works: clips measure what was asked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>weak: clips go there, but not surely or at the cost of the prompt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no effect was measured</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not measured yet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>proxy: only a stand-in could be measured</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a proxy: computed from the audio, it stands in for what listeners would say</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No pack for this model has an adapter for it. Drop a pack on the window, or train one.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Raising</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lowering</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} is on this computer already.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use it from the list.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} is being downloaded.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Wait for it, or stop it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} MB to download</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>size unknown, the hub does not tell it now</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} is on this computer now.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The download was stopped; the next one goes on from there.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>This job is not in the queue any more.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Generate again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Left out, since no pack for {} has an adapter for it: {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A take is finished.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A blind comparison needs a finished take with two different clips.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Amount</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Randomise</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Morph</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy to {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Installed the pack {} for {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Removed the pack {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} is neither a model nor a pack.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drop a folder with a pack.json.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Saved {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} could not be moved to the trash.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} is not loaded yet. {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Load anyway</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Delete it by hand.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Replace it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Imported {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Written to {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preset {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The preset cannot be kept: {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Change it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Length</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lock the seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Unlock the seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Audio prompt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stretch of the audio</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The prompt is empty.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Describe the music, for example: jazz, piano, drums.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>This cannot be generated: {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Change the settings.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Restore settings</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The job ended without a result.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Try again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Something unexpected happened ({}: {}).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Generate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Scout four seeds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Scout eight seeds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop the job</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a new seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Listen</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Play or stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hear the base clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hear the tuned clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Loop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Blind comparison</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mix</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Redo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mix A</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mix B</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the knobs at random</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All knobs to 0</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Presets</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save the preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save as a new preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Window</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Library</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Queue</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Models</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>MIDI</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write the prompt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Light or dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keyboard map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>About Tunedial</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Quit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>This take is not finished yet.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Wait until it is, then export it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The selection holds no audio.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Select a stretch inside the clip.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} holds too many files of this name.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move some of them away.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag the clip you hear into a DAW or a folder</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag the selection into a DAW or a folder</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Selection</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save, copy or reveal</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save as {}…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy the file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show in its folder</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save the clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copied {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Deleted 1 take.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Deleted {} takes.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Brought back.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Base weight</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Seconds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Guidance</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Top-k</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the model&apos;s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Packs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stopped early</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>yes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Computed on</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tunedial</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No knob turned</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Knob</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Asked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Base</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tuned</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It went where it was asked to.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It went the other way.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It stayed where it was.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>These clips are too short, too quiet or too vague to measure it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>These takes have the same recipe.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Upper take</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lower take</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>seed {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stopped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} stars</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search takes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rated</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Order</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>See and hear it (Return)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use settings</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Set everything as it was for it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What two selected takes differ in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bring back</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Delete (Del); it can be brought back</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>1 take</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} takes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No take is like that.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What you generate is kept here.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bring back the take that was deleted last</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bring back the {} takes that were deleted last</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It is being measured …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It is measured when it is opened.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No knob was turned: both clips are the same.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Compare</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stars</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>None</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Delete</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Takes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>★ and more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>★★★ and more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Liked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Disliked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Any knob</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Newest</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Oldest</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Best</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Loading the model …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ready</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose a MIDI port first: open the MIDI page.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move a controller for {}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Controller {} turns {} now.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>MIDI of {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>MIDI port</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Look for ports again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No port</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} (not connected)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Learn a controller for {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Forget the controller of {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ch {} · CC {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move a controller…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose a port, then press a knob&apos;s MIDI button and move a controller.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The port is not connected. Its controllers are remembered.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A controller takes its knob over once it has come to where the knob stands.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>MIDI is not available on this computer.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Connect a controller and look again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The MIDI port {} cannot be opened.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Check that no other program holds it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag the whole clip into a DAW or a folder</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rate this clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Like this clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dislike this clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hear {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Overview of the clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Waveform</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Spectrogram</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Snap</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Selections go to the nearest beat (Alt: not). Bars have four beats.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Match levels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Play both clips equally loud, so that the louder does not win</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Zoom out (−)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Zoom in (+)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>See the selection, or all</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What the model makes of your prompt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The same, as the knobs lean it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clips</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Interactions</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Like ratio</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Instrumental</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>SOUND</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>LISTENERS</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>How much of the mix is added: 1 is the average of the models, 0 the base, more overdoes it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Morph from A to B</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Morph between the mixes A and B</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy this mix to the other slot</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move all knobs a little, at random</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>MIX</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Weights</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The mix in slot {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Set to 0</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enter a value…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Learn a MIDI controller</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Forget its MIDI controller</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>About {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No pack for {}: drop one here to turn the knobs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Another: owner/name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A model of the Hugging Face hub</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use a folder…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Install a pack…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Where jobs run</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TO FETCH FROM THE HUB</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>PACKS</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>PLACE</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No pack is installed, so the knobs cannot turn. Drop a pack&apos;s folder or zip here.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>this computer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Automatic: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A folder with a MusicGen</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A pack</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Packs (*.zip pack.json)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not there any more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>license unknown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Delete it from this computer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take it off this list; the folder stays</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In use</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Get…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show its license, then download it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} adapters for {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Remove the pack</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Accept and download</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Asking the hub how large it is …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Downloading {} …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Downloading {}: {} of {} MB</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag a knob up or down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>turn it; Shift or Ctrl: ten times finer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Wheel, arrows, PageUp, PageDown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>turn the knob in steps</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Home, End, Delete</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>least, most, 0</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Double click</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>back to 0</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Type a number</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>set the knob to it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Escape while dragging</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>as it was</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Knobs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keyboard and mouse</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Turn the music, not the prompt: MusicGen with thirteen knobs.
Free software, with no warranty.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Licenses</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The metrics and their mix: Torrie et al.,
Music Generation with Direct Policy Optimization.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search presets</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Whose</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Factory</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mine</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Starred</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tag</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Any tag</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Import and more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>By name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>By author</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Newest first</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} of {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take its star away</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Star</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Duplicate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy as text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move to trash</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Import a file…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paste a preset&apos;s text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Import a preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export a preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copied. Paste it into a message.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Genre, instruments … for example: jazz, piano, double bass, drums</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Make a take: base and tuned (Ctrl+Enter)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Scout: short previews of four seeds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Four seeds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Eight seeds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Genre</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Instrument</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recent</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Length in seconds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Popularity</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acousticness</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Danceability</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Energy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Instrumentalness</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Liveness</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Speechiness</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Valence</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tempo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Interactions per 1000 views</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Like/dislike ratio</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>View count</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rating</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source> bars</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Length in bars</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bars</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Unit of the length</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The seed: the same one gives the same noise. Typing one locks it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a new seed (D)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keep the seed for the next takes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>More</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>How strictly the words are followed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lower plays safer, higher takes more risks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose among this many likeliest continuations</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>auto</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>auto: as suits the model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Queue another</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Loading</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Done</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing was generated yet.
Press Ctrl+Enter in the prompt.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop all jobs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Forget the jobs that are over</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>1 job</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} jobs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Make it in full</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Try again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Scout</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} s left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} × real time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Details</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close the message</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Details of the problem</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Progress of the job</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop the job (Esc)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Starting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{} waiting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preset: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Menu</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save the preset (Ctrl+S)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Redo {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Play or stop (Space)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hear the base clip (A)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hear the tuned clip (B)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Play the selection, or all, over and over (L)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Blind comparison (X)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>1 is better</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tie</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>2 is better</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Leave without a choice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Which one is better? Switch with A and B.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All knobs were at 0: both clips are the same.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Seed {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No sound device: plays without sound</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Audio (*.wav *.flac *.ogg *.mp3 *.aif *.aiff)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Audio…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Begin from audio: drop a file here, or press to choose one</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Continue</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Melody</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What the audio is for</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Begin in the audio</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>End in the audio</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Begin without audio</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Begin from audio</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Value of {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Author</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tags, with commas</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Notes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>With prompt and settings</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rename</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rate the tuned clip</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stars: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Weights: {}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A job is still running. Close again to stop it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop and close</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not in this build.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag the stretch to begin from, or its ends; a double click takes all.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Arrows and pages move it, with Shift its end, with Ctrl its beginning.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stretch of the audio: {} to {} of {} seconds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>cannot be read</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>mine</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Empty the search</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
