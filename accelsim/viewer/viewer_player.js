"use strict";
/* A position from 0 (nothing has happened) to the number of frames, and the controls that move it. */
accelsim.viewer.Player = (function () {
  class Player {
    /* Calls show(position) whenever it moves, which returns what to say of it. */
    constructor(root, frames, show) {
      this.frames = frames;
      this.show = show;
      this.done = 0;
      this.timer = null;
      this.part = (name) => root.querySelector(`.part-${name}`);
      this.listen();
    }

    listen() {
      const on = (name, event, act) => this.part(name).addEventListener(event, act);
      on("start", "click", () => this.go(0));
      on("back", "click", () => this.go(this.done - 1));
      on("play", "click", () => (this.timer === null ? this.play() : this.pause()));
      on("forward", "click", () => this.go(this.done + 1));
      on("end", "click", () => this.go(this.frames));
      on("scrub", "input", (event) => this.go(Number(event.target.value)));
      on("speed", "change", () => {
        if (this.timer !== null) {
          this.pause();
          this.play();
        }
      });
    }

    /* Moves to a position and stays there. */
    go(done) {
      this.pause();
      this.moveTo(done);
    }

    moveTo(done) {
      this.done = Math.min(Math.max(done, 0), this.frames);
      const said = this.show(this.done);
      this.part("scrub").value = this.done;
      this.part("scrub").setAttribute("aria-valuetext", said);
      this.part("status").textContent = said;
      this.part("back").disabled = this.part("start").disabled = this.done === 0;
      this.part("forward").disabled = this.part("end").disabled = this.done === this.frames;
    }

    play() {
      if (this.done >= this.frames) {
        this.moveTo(0);
      }
      this.part("play").textContent = "Pause";
      this.part("status").setAttribute("aria-live", "off");
      this.timer = window.setInterval(() => {
        this.moveTo(this.done + 1);
        if (this.done >= this.frames) {
          this.pause();
        }
      }, 1000 / Number(this.part("speed").value));
    }

    pause() {
      if (this.timer !== null) {
        window.clearInterval(this.timer);
        this.timer = null;
        this.part("play").textContent = "Play";
        this.part("status").setAttribute("aria-live", "polite");
      }
    }
  }

  return Player;
})();
