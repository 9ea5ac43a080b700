/*
 * Runs inside Thunderbird, with all its rights: answers a mail as its user does. It presses Reply, types key by key where
 * Thunderbird itself has put the caret, and presses Send.
 */

/** Answers the mail in this file with these words, under these preferences. Resolves when the reply is sent. */
async function reply(path, words, preferences) {
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs')
  for (const [name, value] of Object.entries(preferences)) {
    Services.prefs[{ boolean: 'setBoolPref', number: 'setIntPref', string: 'setStringPref' }[typeof value]](name, value)
  }
  const inbox = folder(MailServices)
  const uri = inbox.getUriForMsg(await filed(MailServices, inbox, path))
  const main = Services.wm.getMostRecentWindow('mail:3pane')
  const opened = windowOpened()
  await main.ComposeMessage(Ci.nsIMsgCompType.ReplyToSender, Ci.nsIMsgCompFormat.Default, inbox, [uri])
  const compose = await opened
  if (!compose.composeEditorReady) await happens(compose, 'compose-editor-ready')
  compose.focusMsgBody()
  type(compose.GetCurrentEditorElement().contentWindow, words)
  const prepared = happens(compose, 'compose-prepare-message-completed')
  const closed = happens(compose, 'unload')
  compose.goDoCommand('cmd_sendNow')
  const { exception } = (await prepared).detail ?? {}
  if (exception) throw exception
  await closed
}

function folder({ accounts }) {
  const root = accounts.localFoldersServer.rootFolder
  if (!root.containsChildNamed('Answered')) root.createSubfolder('Answered', null)
  return root.getChildNamed('Answered')
}

/** Copies the mail into this folder; gives its entry there. */
function filed({ copy }, folder, path) {
  const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile)
  file.initWithPath(path)
  return new Promise((resolve, reject) => {
    let key
    const listener = {
      QueryInterface: ChromeUtils.generateQI(['nsIMsgCopyServiceListener']),
      onStartCopy() {},
      onProgress() {},
      setMessageKey(given) {
        key = given
      },
      getMessageId: () => null,
      onStopCopy(status) {
        if (Components.isSuccessCode(status)) resolve(folder.GetMessageHeader(key))
        else reject(new Error(`the mail was not copied: ${status}`))
      },
    }
    copy.copyFileMessage(file, folder, null, false, 0, '', listener, null)
  })
}

function windowOpened() {
  return new Promise(resolve => {
    const observer = window => {
      Services.obs.removeObserver(observer, 'domwindowopened')
      window.addEventListener('load', () => resolve(window), { once: true })
    }
    Services.obs.addObserver(observer, 'domwindowopened')
  })
}

const happens = (target, event) => new Promise(resolve => target.addEventListener(event, resolve, { once: true }))

function type(window, words) {
  const keyboard = Cc['@mozilla.org/text-input-processor;1'].createInstance(Ci.nsITextInputProcessor)
  if (!keyboard.beginInputTransactionForTests(window)) throw new Error('there is no keyboard')
  for (const character of words) {
    const enter = character === '\n'
    const key = enter ? { key: 'Enter', code: 'Enter', keyCode: 13 } : { key: character }
    const flags = enter ? 0 : keyboard.KEY_FORCE_PRINTABLE_KEY
    keyboard.keydown(new window.KeyboardEvent('', key), flags)
    keyboard.keyup(new window.KeyboardEvent('', key), flags)
  }
}
